use lamplit_types::Class;

/// One of something for each class.
#[derive(Default)]
pub(crate) struct PerClass<T> {
    control: T,
    message: T,
    bulk: T,
}

impl<T> PerClass<T> {
    pub(crate) fn get(&self, class: Class) -> &T {
        match class {
            Class::Control => &self.control,
            Class::Message => &self.message,
            Class::Bulk => &self.bulk,
        }
    }

    pub(crate) fn get_mut(&mut self, class: Class) -> &mut T {
        match class {
            Class::Control => &mut self.control,
            Class::Message => &mut self.message,
            Class::Bulk => &mut self.bulk,
        }
    }

    /// The most urgent first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        Class::ALL.into_iter().map(|class| self.get(class))
    }
}
