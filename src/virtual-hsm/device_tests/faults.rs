//! Faults on request.

use super::*;

#[test]
fn the_power_can_be_cut_before_or_after_a_command() {
    for (faults, there) in [
        (Faults { power_cut_before: Some(1), ..Faults::default() }, false),
        (Faults { power_cut_after: Some(1), ..Faults::default() }, true),
    ] {
        let mut bench = Bench::new(faults);
        let mut host = bench.session().unwrap();
        let message = host.wrap(&frame(Command::PutOpaque, &opaque(5, b"cut")));
        assert_eq!(bench.reply(&message), Reply::Lost);
        // The session is gone, and the log has one more start.
        let message = host.wrap(&frame(Command::Echo, &[]));
        assert_eq!(bench.send(&message), [0x7f, 0, 1, DeviceError::InvalidSession.code()]);
        let mut host = bench.session().unwrap();
        let found = bench.call(&mut host, Command::GetOpaque, &[0, 5]);
        assert_eq!(found.is_ok(), there);
        assert_eq!(bench.log_numbers(&mut host), [1, 2, 3]);
    }
}

#[test]
fn a_connector_that_is_gone_answers_nothing_until_it_is_told() {
    let mut bench = Bench::new(Faults { gone_at: Some(1), ..Faults::default() });
    let mut host = bench.session().unwrap();
    let message = host.wrap(&frame(Command::PutOpaque, &opaque(5, b"gone")));
    assert_eq!(bench.reply(&message), Reply::Lost);
    assert_eq!(bench.reply(&frame(Command::DeviceInfo, &[])), Reply::Lost);
    bench.device.as_mut().unwrap().set_faults(Faults::default()).unwrap();
    let mut host = bench.session().unwrap();
    assert_eq!(
        bench.call(&mut host, Command::GetOpaque, &[0, 5]),
        code(DeviceError::ObjectNotFound)
    );
}

#[test]
fn a_connector_falls_silent_before_or_after_a_command() {
    for (faults, there) in [
        (Faults { hang_before: Some(1), ..Faults::default() }, false),
        (Faults { hang_after: Some(1), ..Faults::default() }, true),
    ] {
        let mut bench = Bench::new(faults);
        let mut host = bench.session().unwrap();
        let message = host.wrap(&frame(Command::PutOpaque, &opaque(5, b"silent")));
        assert_eq!(bench.reply(&message), Reply::Hang);
        let device = bench.device.as_mut().unwrap();
        let done = if there { serde_json::json!({"42:0005": 1}) } else { serde_json::json!({}) };
        let tally = serde_json::json!({"commands": 1, "hanging": true, "done": done});
        assert_eq!(device.tally(), tally);
        device.set_faults(Faults::default()).unwrap();
        assert!(!device.is_hanging());
        let mut host = bench.session().unwrap();
        assert_eq!(bench.call(&mut host, Command::GetOpaque, &[0, 5]).is_ok(), there);
    }
}

#[test]
fn another_device_can_take_the_place_of_this_one() {
    let mut bench = Bench::new(Faults { second_device_at: Some(2), ..Faults::default() });
    let serial = |bench: &mut Bench| {
        let info = outcome(&bench.send(&frame(Command::DeviceInfo, &[]))).unwrap();
        u32::from_be_bytes(info[3..7].try_into().unwrap())
    };
    let first = serial(&mut bench);
    let mut host = bench.session().unwrap();
    bench.put(&mut host, 5).unwrap();
    let message = host.wrap(&frame(Command::GetOpaque, &[0, 5]));
    assert_eq!(bench.reply(&message), Reply::Lost);
    assert_eq!(serial(&mut bench), first + 1);
    let mut host = bench.session().unwrap();
    assert_eq!(
        bench.call(&mut host, Command::GetOpaque, &[0, 5]),
        code(DeviceError::ObjectNotFound)
    );
}

#[test]
fn the_log_can_be_nearly_full() {
    let mut bench = Bench::new(Faults { log_room: Some(3), ..Faults::default() });
    let mut host = bench.session().unwrap();
    assert_eq!(bench.log_numbers(&mut host).len(), 59);
    bench.device.as_mut().unwrap().set_faults(Faults::default()).unwrap();
    assert_eq!(bench.log_numbers(&mut host).len(), 59);
}

#[test]
fn another_public_wrap_key_can_be_stored_than_was_given() {
    for (swap, differs) in [(true, 1), (false, 0)] {
        let mut bench = Bench::new(Faults { swap_public_wrap_key: swap, ..Faults::default() });
        let mut host = bench.session().unwrap();
        for (algorithm, size) in [(9, 256), (10, 384), (11, 512)] {
            let modulus = vec![0xff; size];
            let id = u16::from(algorithm);
            let put = [&wish(id, 0, algorithm)[..], &[0; 8], &modulus].concat();
            bench.call(&mut host, Command::PutPublicWrapKey, &put).unwrap();
            let [high, low] = id.to_be_bytes();
            let held = bench.call(&mut host, Command::GetPublicKey, &[high, low, 9]).unwrap();
            assert_eq!((held[0], held.len()), (algorithm, 1 + size));
            let others = held[1..].iter().zip(&modulus).filter(|(held, given)| held != given);
            assert_eq!(others.count(), differs);
        }
        // Nothing else is touched.
        bench.put(&mut host, 5).unwrap();
        assert_eq!(bench.call(&mut host, Command::GetOpaque, &[0, 5]), Ok(vec![1, 2, 3]));
    }
}
