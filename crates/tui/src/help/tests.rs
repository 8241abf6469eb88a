use super::*;

fn screen(columns: u16) -> Rect {
    Rect::new(0, 0, columns, 12)
}

#[test]
fn no_row_of_the_help_is_cut_at_any_width() {
    for columns in 24..=130 {
        let room = usize::from(columns.min(WIDTH)).saturating_sub(FRAME);
        for (key, does) in rows(screen(columns)) {
            assert!(width(&key).saturating_add(width(&does)) <= room, "{key}{does} at {columns}");
        }
    }
}

#[test]
fn every_command_and_all_that_it_does_is_in_the_help_at_any_width() {
    for columns in [24, 40, 61, 62, 80, 120] {
        let rows = rows(screen(columns));
        let said: Vec<&str> = rows.iter().flat_map(|(_, does)| does.split_whitespace()).collect();
        let said = said.join(" ");
        for known in command::ALL {
            let typed = format!("/{} {}", known.name, known.with);
            assert!(rows.iter().any(|(key, _)| key.trim() == typed.trim()), "{typed} at {columns}");
            assert!(said.contains(known.does), "{typed} at {columns}");
        }
    }
}

#[test]
fn the_help_is_scrolled_to_its_ends_and_no_further() {
    for columns in [40, 80] {
        let screen = screen(columns);
        let (end, rows) = (end(screen), rows(screen).len());
        assert_eq!(end.saturating_add(10), rows, "the last row is the last on the screen");
        assert_eq!(scrolled(0, -1, screen), 0);
        assert_eq!(scrolled(0, isize::MAX, screen), end);
        assert_eq!(scrolled(end, page(screen), screen), end);
        assert_eq!(scrolled(usize::MAX, -1, screen), end.saturating_sub(1));
        assert_eq!(scrolled(0, page(screen), screen), 9, "a row of the last screen stays");
    }
    assert_eq!(end(Rect::new(0, 0, 80, 60)), 0, "where all fits nothing is scrolled");
}
