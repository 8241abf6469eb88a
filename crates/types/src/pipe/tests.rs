use super::*;

#[test]
fn all_classes_are_named_the_most_urgent_first() {
    assert!(Class::ALL.is_sorted());
    assert!(Class::Control < Class::Message && Class::Message < Class::Bulk);
    for class in Class::ALL {
        // A further class does not compile here before it is listed above.
        let (Class::Control | Class::Message | Class::Bulk) = class;
    }
}
