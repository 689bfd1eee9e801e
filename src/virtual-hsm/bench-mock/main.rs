//! Crate `yubihsm`'s mock, for `cargo bench -p keyferry-virtual-hsm` to compare with. Its argument is the port on which that crate's own
//! HTTP server listens, or `direct`: then each line it is sent names a command, and it answers how often a second the mock carried that
//! out. The mock compiles in debug builds alone.

mod direct;

use direct::{Direct, command, fill};
use std::error::Error;
use yubihsm::connector::HttpConfig;
use yubihsm::connector::http::Server;
use yubihsm::{Client, Connector, Credentials, Uuid};

fn main() -> Result<(), Box<dyn Error>> {
    let how = std::env::args().nth(1).ok_or("name the port to listen on, or say direct")?;
    if how == "direct" {
        return answer_in_process();
    }
    let config = HttpConfig { addr: "127.0.0.1".to_owned(), port: how.parse()?, timeout_ms: 5000 };
    let server = Server::new(&config, Connector::mockhsm())?;
    println!("listening on {how}");
    Ok(server.run()?)
}

fn answer_in_process() -> Result<(), Box<dyn Error>> {
    let connector = Connector::mockhsm();
    fill(&Client::open(connector.clone(), Credentials::default(), false)?)?;
    // Only this crate can name the type of a message, and so make a connection; anybody can send one.
    let mut device =
        Direct::open(|frame| Ok(connector.send_message(Uuid::nil(), frame.into())?.into()))?;
    println!("filled");
    for line in std::io::stdin().lines() {
        println!("{}", device.slice(&command(&line?)?)?);
    }
    Ok(())
}
