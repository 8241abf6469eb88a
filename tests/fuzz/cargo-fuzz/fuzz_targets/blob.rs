#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lamplit_fuzz::blob(data));
