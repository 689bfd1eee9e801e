//! Random frames, random commands, random uses of every key: each gets a frame, and the state can be read afterwards.

use super::*;
use crate::fuzzing::furnished;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_get_a_frame(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut bench = Bench::new(Faults::default());
        let answer = bench.send(&bytes);
        prop_assert!(crate::wire::Frame::parse(&answer).is_ok());
    }

    #[test]
    fn any_commands_in_a_session_get_a_frame(
        commands in prop::collection::vec(
            (any::<u8>(), prop::collection::vec(prop_oneof![any::<u8>(), 0..4_u8], 0..90)),
            1..60,
        ),
    ) {
        let mut bench = Bench::new(Faults::default());
        let mut host = bench.session().unwrap();
        for (code, data) in commands {
            let length = u16::try_from(data.len()).unwrap().to_be_bytes();
            let message = host.wrap(&[&[code], &length[..], &data].concat());
            let answer = bench.send(&message);
            let inner = host.unwrap(&answer).unwrap();
            prop_assert!(crate::wire::Frame::parse(&inner).is_ok());
            if code == 0x40 || code == 0x08 {
                break;
            }
        }
        bench.power_on(Faults::default());
    }

    #[test]
    fn any_wishes_make_sound_objects_or_none(
        id in prop_oneof![Just(0_u16), 1..9_u16],
        algorithm in prop_oneof![any::<u8>(), prop::sample::select(vec![1_u8, 12, 14, 18, 20, 29, 30, 36, 38, 39, 46, 49, 51])],
        command in prop::sample::select(vec![
            0x42_u8, 0x44, 0x45, 0x46, 0x4c, 0x52, 0x5a, 0x5b, 0x5e, 0x65, 0x66, 0x6d, 0x6e, 0x73,
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut bench = Bench::new(Faults::default());
        let mut host = bench.session().unwrap();
        let data = [&wish(id, 1, algorithm), &rest[..]].concat();
        let command = Command::from_code(command).unwrap();
        if let Ok(made) = bench.call(&mut host, command, &data) {
            let kind = match command.code() {
                0x42 => 1,
                0x44 => 2,
                0x45 | 0x46 => 3,
                0x4c | 0x5b => 4,
                0x52 | 0x5a => 5,
                0x5e => 6,
                0x65 | 0x66 => 7,
                0x6d | 0x6e => 8,
                _ => 9,
            };
            let info = bench.call(&mut host, Command::GetObjectInfo, &[made[0], made[1], kind]);
            prop_assert_eq!(info.unwrap().len(), 66);
            bench.power_on(Faults::default());
        }
    }

    /// A device that has a key of every type, all with all capabilities and ids from 1 on, and commands that name them.
    #[test]
    fn any_use_of_any_key_gets_a_frame(
        commands in prop::collection::vec(
            (
                prop::sample::select(Command::ALL.to_vec()),
                0..4_u8,
                prop::collection::vec(prop_oneof![any::<u8>(), 0..10_u8, 25..56_u8], 0..120),
            ),
            1..40,
        ),
    ) {
        let mut bench = Bench::new(Faults::default());
        let mut host = bench.session().unwrap();
        for (command, data) in furnished() {
            bench.call(&mut host, command, &data).unwrap();
        }
        for (command, id, data) in commands {
            let data = [&[0, id][..], &data].concat();
            let message = host.wrap(&frame(command, &data));
            let answer = bench.send(&message);
            let inner = host.unwrap(&answer).unwrap();
            prop_assert!(crate::wire::Frame::parse(&inner).is_ok());
            if matches!(command, Command::CloseSession | Command::ResetDevice) {
                break;
            }
        }
        bench.power_on(Faults::default());
    }
}
