#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn data_is_where_xdg_says() {
    let with = |variables: &'static [(&str, &str)]| {
        default_path(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value)))
    };
    assert_eq!(with(&[("XDG_DATA_HOME", "/x"), ("HOME", "/h")]).unwrap(), Path::new("/x/lamplit"));
    assert_eq!(with(&[("HOME", "/h")]).unwrap(), Path::new("/h/.local/share/lamplit"));
    assert_eq!(with(&[("XDG_DATA_HOME", "x"), ("HOME", "/h")]).unwrap(), Path::new("/h/.local/share/lamplit"));
    assert!(matches!(with(&[]), Err(DirError::NoHome)));
}

#[test]
fn is_made_for_its_owner_only() {
    let home = tempfile::tempdir().unwrap();
    let new = home.path().join("a/b");
    let dir = DataDir::create(&new).unwrap();
    assert_eq!(mode(&new), 0o700);
    assert_eq!(mode(&new.join(LOCK)), 0o600);
    assert!(!dir.has_device().unwrap());

    let empty = home.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    std::fs::set_permissions(&empty, Permissions::from_mode(0o755)).unwrap();
    DataDir::create(&empty).unwrap();
    assert_eq!(mode(&empty), 0o700);
}

#[test]
fn one_that_others_can_look_into_is_refused() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("letter"), "dear").unwrap();
    for bits in [0o755, 0o710, 0o701] {
        std::fs::set_permissions(home.path(), Permissions::from_mode(bits)).unwrap();
        for refused in [DataDir::open(home.path()), DataDir::create(home.path())] {
            let error = refused.unwrap_err();
            assert!(matches!(error, DirError::NotPrivate(_)), "{error}");
            assert!(error.to_string().contains("chmod 700"), "{error}");
        }
        assert_eq!(mode(home.path()), bits);
    }
}

#[test]
fn what_is_no_directory_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("missing");
    let error = DataDir::open(&missing).unwrap_err();
    assert!(matches!(error, DirError::NoSuchDevice(_)), "{error}");
    assert!(!missing.exists());

    let file = home.path().join("file");
    std::fs::write(&file, "x").unwrap();
    assert!(matches!(DataDir::open(&file), Err(DirError::NotADirectory(_))));
    assert!(matches!(DataDir::create(&file), Err(DirError::NotADirectory(_))));
    assert!(matches!(DataDir::create(&file.join("below")), Err(DirError::NotADirectory(_))));
}

#[test]
fn is_held_until_the_last_clone_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let first = DataDir::create(home.path()).unwrap();
    let clone = first.clone();
    drop(first);
    let error = DataDir::open(home.path()).unwrap_err();
    assert!(matches!(error, DirError::Locked { pid: Some(pid), .. } if pid == std::process::id()), "{error}");
    assert!(error.to_string().contains("another lamplit (process "), "{error}");
    drop(clone);
    DataDir::open(home.path()).unwrap();
}

#[test]
fn a_socket_gets_a_path_it_can_have() {
    let runtime = Path::new("/run/user/1000");
    assert_eq!(socket(Path::new("/data"), Some(runtime)).unwrap(), Path::new("/data/lamplit.sock"));

    let longest = PathBuf::from(format!("/{}", "a".repeat(SOCKET_PATH_MAX - "//lamplit.sock".len())));
    assert_eq!(socket(&longest, None).unwrap().as_os_str().len(), SOCKET_PATH_MAX);

    let one = PathBuf::from(format!("{}a", longest.display()));
    let other = PathBuf::from(format!("{}b", longest.display()));
    let short = socket(&one, Some(runtime)).unwrap();
    assert!(short.starts_with(runtime) && short.as_os_str().len() <= SOCKET_PATH_MAX, "{short:?}");
    assert_eq!(short, socket(&one, Some(runtime)).unwrap());
    assert_ne!(short, socket(&other, Some(runtime)).unwrap());
    for useless in [None, Some(one.as_path())] {
        assert!(matches!(socket(&one, useless), Err(SocketPathError::TooLong(_))));
    }
}
