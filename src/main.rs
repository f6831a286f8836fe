//! The program: everything is in the library.

fn main() -> std::process::ExitCode {
    wakeep::cli::run().code().into()
}
