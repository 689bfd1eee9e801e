//! Crate `yubihsm`'s mock behind that crate's own HTTP server, for `cargo bench -p keyferry-virtual-hsm` to compare with. Its argument
//! is the port to listen on. The mock compiles in debug builds alone.

use std::error::Error;
use yubihsm::Connector;
use yubihsm::connector::HttpConfig;
use yubihsm::connector::http::Server;

fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).ok_or("name the port to listen on")?.parse()?;
    let config = HttpConfig { addr: "127.0.0.1".to_owned(), port, timeout_ms: 5000 };
    let server = Server::new(&config, Connector::mockhsm())?;
    println!("listening on {port}");
    Ok(server.run()?)
}
