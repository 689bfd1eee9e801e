//! What keys of every type do, and how they travel.

use super::*;

#[test]
fn a_symmetric_key_encrypts_as_published() {
    // FIPS 197, appendix C.1, and the first block of SP 800-38A, F.2.1.
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    let all = 0xf << 0x32;
    let hex = |text: u128| text.to_be_bytes();
    let key = hex(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f);
    let put = [wish(0, all, 50), key.to_vec()].concat();
    let id = id_of(bench.call(&mut host, Command::PutSymmetricKey, &put));
    let plain = hex(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    let sealed = hex(0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a);
    let call = |bench: &mut Bench, host: &mut Host, command, parts: &[&[u8]]| {
        bench.call(host, command, &parts.concat())
    };
    let done = call(&mut bench, &mut host, Command::EncryptEcb, &[&id, &plain]);
    assert_eq!(done, Ok(sealed.to_vec()));
    let done = call(&mut bench, &mut host, Command::DecryptEcb, &[&id, &sealed, &sealed]);
    assert_eq!(done, Ok([plain, plain].concat()));
    let done = call(&mut bench, &mut host, Command::EncryptEcb, &[&id, &plain[..15]]);
    assert_eq!(done, code(DeviceError::WrongLength));

    let key = hex(0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c);
    let put = [wish(0, all, 50), key.to_vec()].concat();
    let id = id_of(bench.call(&mut host, Command::PutSymmetricKey, &put));
    let iv = hex(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f);
    let plain = hex(0x6bc1_bee2_2e40_9f96_e93d_7e11_7393_172a);
    let sealed = hex(0x7649_abac_8119_b246_cee9_8e9b_12e9_197d);
    let done = call(&mut bench, &mut host, Command::EncryptCbc, &[&id, &iv, &plain]);
    assert_eq!(done, Ok(sealed.to_vec()));
    let done = call(&mut bench, &mut host, Command::DecryptCbc, &[&id, &iv, &sealed]);
    assert_eq!(done, Ok(plain.to_vec()));
}

#[test]
fn keys_travel_under_rsa_with_every_choice() {
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    let exportable = 1 << 0x10;
    let pair = delegating(8, 1 << 0x0d, 9, exportable, &[]);
    bench.call(&mut host, Command::GenerateWrapKey, &pair).unwrap();
    let modulus = bench.call(&mut host, Command::GetPublicKey, &[0, 8, 4]).unwrap();
    let public = delegating(8, 1 << 0x0c, 9, exportable, &modulus[1..]);
    bench.call(&mut host, Command::PutPublicWrapKey, &public).unwrap();
    // Ed25519 and P-521: PKCS #8 of a seed and of a scalar with odd bytes.
    for (algorithm, id) in [(46, 0x20), (14, 0x21)] {
        let key = wish(id, exportable, algorithm);
        bench.call(&mut host, Command::GenerateAsymmetricKey, &key).unwrap();
        let [high, low] = id.to_be_bytes();
        let public = bench.call(&mut host, Command::GetPublicKey, &[high, low]).unwrap();
        for (aes, hash, mask, digest) in [(50, 25, 35, 20), (51, 27, 33, 48), (52, 28, 32, 64)] {
            let label = vec![7; digest];
            let choices = [&[0, 8, 3, high, low, aes, hash, mask][..], &label].concat();
            // The whole object, then the material alone under a new id.
            let whole = bench.call(&mut host, Command::ExportRsaWrapped, &choices).unwrap();
            let material = bench.call(&mut host, Command::GetRsaWrappedKey, &choices).unwrap();
            bench.call(&mut host, Command::DeleteObject, &[high, low, 3]).unwrap();
            let back = [&[0, 8, hash, mask][..], &whole, &label].concat();
            let made = bench.call(&mut host, Command::ImportRsaWrapped, &back);
            assert_eq!(made, Ok(vec![3, high, low]));
            let wished = wish(0x300, exportable, algorithm);
            let back = [&[0, 8, 3][..], &wished, &[hash, mask], &material, &label].concat();
            let made = bench.call(&mut host, Command::PutRsaWrappedKey, &back);
            assert_eq!(made, Ok(vec![3, 3, 0]));
            for id in [[high, low], [3, 0]] {
                assert_eq!(bench.call(&mut host, Command::GetPublicKey, &id), Ok(public.clone()));
            }
            bench.call(&mut host, Command::DeleteObject, &[3, 0, 3]).unwrap();
            // Another label opens nothing.
            let other = vec![8; digest];
            let back = [&[0, 8, hash, mask][..], &whole, &other].concat();
            let made = bench.call(&mut host, Command::ImportRsaWrapped, &back);
            assert_eq!(made, code(DeviceError::InvalidData));
        }
    }
    // Opaque bytes are no material.
    bench.put(&mut host, 5).unwrap();
    let choices = [&[0, 8, 1, 0, 5, 52, 26, 33][..], &[7; 32]].concat();
    let made = bench.call(&mut host, Command::GetRsaWrappedKey, &choices);
    assert_eq!(made, code(DeviceError::InvalidData));
}

#[test]
fn objects_of_every_type_travel_under_an_aes_wrap_key() {
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    let exportable = 1 << 0x10;
    let wrap_key = delegating(8, 3 << 0x0c, 42, exportable, &[1; 32]);
    bench.call(&mut host, Command::PutWrapKey, &wrap_key).unwrap();
    let made = [
        (2, Command::PutAuthenticationKey, delegating(9, exportable, 38, 0, &[5; 32])),
        (3, Command::GenerateAsymmetricKey, wish(9, exportable, 9)),
        (4, Command::GenerateWrapKey, delegating(9, exportable, 9, 0, &[])),
        (5, Command::GenerateHmacKey, wish(9, exportable, 21)),
        (6, Command::PutTemplate, [wish(9, exportable, 36), vec![1, 2]].concat()),
        (7, Command::GenerateOtpAeadKey, [wish(9, exportable, 40), vec![1, 2, 3, 4]].concat()),
        (8, Command::GenerateSymmetricKey, wish(9, exportable, 51)),
    ];
    for (kind, command, data) in made {
        bench.call(&mut host, command, &data).unwrap();
        let info = bench.call(&mut host, Command::GetObjectInfo, &[0, 9, kind]).unwrap();
        let wrapped = bench.call(&mut host, Command::ExportWrapped, &[0, 8, kind, 0, 9]).unwrap();
        bench.call(&mut host, Command::DeleteObject, &[0, 9, kind]).unwrap();
        let import = [&[0, 8][..], &wrapped].concat();
        let back = bench.call(&mut host, Command::ImportWrapped, &import);
        assert_eq!(back, Ok(vec![kind, 0, 9]));
        let mut expected = info;
        expected[16] += 1;
        expected[17] |= 0x10;
        let info = bench.call(&mut host, Command::GetObjectInfo, &[0, 9, kind]).unwrap();
        assert_eq!(info, expected, "{kind}");
    }
}

#[test]
fn one_time_passwords_are_refused_under_another_key() {
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    let all = 0x1f << 0x1d;
    let put =
        |id, algorithm, size| [wish(id, all, algorithm), vec![1, 2, 3, 4], vec![9; size]].concat();
    bench.call(&mut host, Command::PutOtpAeadKey, &put(1, 37, 16)).unwrap();
    bench.call(&mut host, Command::PutOtpAeadKey, &put(2, 39, 24)).unwrap();
    assert_eq!(
        bench.call(&mut host, Command::PutOtpAeadKey, &put(3, 40, 31)),
        code(DeviceError::WrongLength)
    );
    let sealed = bench.call(&mut host, Command::RandomizeOtpAead, &[0, 1]).unwrap();
    assert_eq!(sealed.len(), 36);
    let rewrap = [&[0, 1, 0, 2][..], &sealed].concat();
    let rewrapped = bench.call(&mut host, Command::RewrapOtpAead, &rewrap).unwrap();
    let decrypt = |key: u8, sealed: &[u8]| [&[0, key][..], sealed, &[0; 16]].concat();
    for (key, sealed, error) in [
        (1, &sealed, DeviceError::InvalidOtp),
        (2, &rewrapped, DeviceError::InvalidOtp),
        (2, &sealed, DeviceError::InvalidData),
    ] {
        let decrypted = bench.call(&mut host, Command::DecryptOtp, &decrypt(key, sealed));
        assert_eq!(decrypted, code(error));
    }
}

#[test]
fn a_capability_is_needed_by_the_session_and_by_the_key() {
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    // Key 2 may sign with HMAC keys and nothing else, in the second domain.
    let mut poor = delegating(2, 1 << 0x16, 38, 0, &password_keys(b"poor")[..]);
    poor[42..44].copy_from_slice(&[0, 2]);
    bench.call(&mut host, Command::PutAuthenticationKey, &poor).unwrap();
    let domain = |id, capabilities, domains: u16| {
        let mut wish = wish(id, capabilities, 20);
        wish[42..44].copy_from_slice(&domains.to_be_bytes());
        wish
    };
    for (id, capabilities, domains) in [(1, 3 << 0x16, 3), (2, 3 << 0x16, 1), (3, 1 << 0x17, 2)] {
        let wish = domain(id, capabilities, domains);
        bench.call(&mut host, Command::GenerateHmacKey, &wish).unwrap();
    }
    let device = bench.device.as_mut().unwrap();
    let now = bench.now;
    let mut host =
        Host::open(2, &password_keys(b"poor"), |bytes| match device.handle(bytes, now) {
            Reply::Frame(frame) => frame,
            Reply::Lost | Reply::Hang => Vec::new(),
        })
        .unwrap();
    assert!(bench.call(&mut host, Command::SignHmac, &[0, 1, 7]).is_ok());
    let verify = [&[0, 1][..], &[0; 32]].concat();
    let refused = code(DeviceError::InsufficientPermissions);
    assert_eq!(bench.call(&mut host, Command::VerifyHmac, &verify), refused);
    let hidden = code(DeviceError::ObjectNotFound);
    assert_eq!(bench.call(&mut host, Command::SignHmac, &[0, 2, 7]), hidden);
    assert_eq!(bench.call(&mut host, Command::SignHmac, &[0, 3, 7]), refused);
    assert_eq!(bench.call(&mut host, Command::GenerateHmacKey, &domain(0, 0, 2)), refused);
}

/// A key as `yubihsm-wrap` writes it, with the answer of RFC 4231, test case 2.
#[test]
fn an_hmac_key_in_yubicos_wrap_format_comes_in_and_signs() {
    use aes::Aes128;
    use ccm::aead::Aead as _;
    use ccm::consts::{U13, U16};
    use ccm::{Ccm, KeyInit as _};
    let mut bench = Bench::new(Faults::default());
    let mut host = bench.session().unwrap();
    let sign = 1_u64 << 0x16;
    let wrap_key = delegating(5, 1 << 0x0d, 29, sign, &[9; 16]);
    bench.call(&mut host, Command::PutWrapKey, &wrap_key).unwrap();
    let mut key = [0; 64];
    key[..4].copy_from_slice(b"Jefe");
    let mut plaintext = vec![29];
    plaintext.extend_from_slice(&sign.to_be_bytes());
    plaintext.extend_from_slice(&[0, 8, 0, 128, 0, 1, 5, 20, 0, 2]);
    plaintext.extend_from_slice(&[b'x'; 40]);
    plaintext.extend(key.map(|byte| byte ^ 0x36));
    plaintext.extend(key.map(|byte| byte ^ 0x5c));
    let cipher = Ccm::<Aes128, U16, U13>::new(&[9; 16].into());
    let import = |bench: &mut Bench, host: &mut Host, plaintext: &[u8]| {
        let sealed = cipher.encrypt(&[1; 13].into(), plaintext).unwrap();
        let data = [&[0, 5][..], &[1; 13], &sealed].concat();
        bench.call(host, Command::ImportWrapped, &data)
    };
    let mut spoiled = plaintext.clone();
    *spoiled.last_mut().unwrap() ^= 1;
    assert_eq!(import(&mut bench, &mut host, &spoiled), code(DeviceError::InvalidData));
    assert_eq!(import(&mut bench, &mut host, &plaintext), Ok(vec![5, 0, 8]));
    let message = [&[0, 8][..], b"what do ya want for nothing?"].concat();
    let tag = bench.call(&mut host, Command::SignHmac, &message).unwrap();
    assert_eq!(tag[..8], 0x5bdc_c146_bf60_754e_u64.to_be_bytes());
}
