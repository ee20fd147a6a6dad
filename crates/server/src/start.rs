//! Starting and stopping: from the command line to running event loops, and back.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::config::enums::Supervised;
use crate::config::load::CommandLine;
use crate::config::settings::{as_path, system_text};
use crate::config::{COMPATIBLE_VERSION, Config, ConfigStore, FatalConfig, Startup};
use crate::log::{Log, Role};
use crate::memory;
use crate::net::process::{
    Ending, RESERVED_DESCRIPTORS, descriptor_limit, on_signals, raise_descriptor_limit,
};
use crate::net::{Hub, Listener, TcpHandles, Workers};
use crate::server::Server;
use crate::worker::Worker;

/// Runs the server with these command-line arguments (without the program's name) until it is told to end.
pub fn run(arguments: &[Vec<u8>]) -> ExitCode {
    let command_line = CommandLine::parse(arguments);
    let startup = match Startup::read(&command_line) {
        Ok(startup) => startup,
        Err(error) => {
            report(&error);
            return ExitCode::FAILURE;
        }
    };
    // Renamed commands, users and modules have no subject here; a file that asks for them is refused, not half obeyed.
    if let Some(statement) = startup.statements.first() {
        report(&statement.fatal("Bad directive or wrong number of arguments"));
        return ExitCode::FAILURE;
    }
    let log = Arc::new(Log::default());
    log.set_level(startup.config.loglevel);
    let logfile: &[u8] = startup.config.logfile.as_ref();
    if !logfile.is_empty()
        && let Err(error) = log.set_file(Some(as_path(logfile).to_path_buf()))
    {
        let reason = system_text(&error);
        report(&FatalConfig::Whole(format!(
            "Can't open the log file: {reason}"
        )));
        return ExitCode::FAILURE;
    }
    match serve(startup, &log) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            log.warning(format_args!("{text}"));
            ExitCode::FAILURE
        }
    }
}

fn report(error: &FatalConfig) {
    match error {
        FatalConfig::Open { .. } => Log::default().warning(format_args!("{error}")),
        _ => eprintln!("{error}"),
    }
}

fn serve(startup: Startup, log: &Arc<Log>) -> Result<bool, String> {
    let mut config = startup.config;
    let dir = &config.dir.0;
    std::env::set_current_dir(dir)
        .map_err(|error| format!("Can't chdir to '{}': {error}", dir.display()))?;
    log.warning(format_args!(
        "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"
    ));
    log.warning(format_args!(
        "Tidelock version={}, Redis version={COMPATIBLE_VERSION}, bits={}, pid={}, just started",
        env!("CARGO_PKG_VERSION"),
        usize::BITS,
        std::process::id()
    ));
    log.warning(format_args!("Configuration loaded"));
    log.set_role(Role::Primary);
    fit_clients(&mut config, log)?;
    banner(log, &config);
    warn_of_the_missing(&config, log);
    let hub = Hub::new(config.io_threads as usize).map_err(|error| error.to_string())?;
    let store = Arc::new(ConfigStore::new(config, startup.file));
    let config = store.current();
    let server: &'static Server = Box::leak(Box::new(Server::new(
        Arc::clone(&store),
        Arc::clone(&hub),
        Arc::clone(log),
    )));
    server.apply_config();
    let signal_log = Arc::clone(log);
    on_signals(move |ending| {
        let signal = match ending {
            Ending::Interrupt => "SIGINT",
            Ending::Terminate => "SIGTERM",
        };
        signal_log.warning(format_args!("Received {signal} scheduling shutdown..."));
        server.shut_down();
    })
    .map_err(|error| error.to_string())?;
    // From here on a client can connect, and a signal ends the server in good order.
    let mut listeners = Listener::open_tcp(&config, log)
        .map_err(|_| format!("Failed listening on port {} (TCP), aborting.", config.port))?;
    *server.listening.lock() =
        TcpHandles::of(&listeners, &config).map_err(|error| error.to_string())?;
    listeners.extend(Listener::open_unix(&config).map_err(|error| error.to_string())?);
    if listeners.is_empty() {
        return Err("Configured to not listen anywhere, exiting.".to_owned());
    }
    let pidfile = write_pidfile(&config, log);
    log.warning(format_args!("Server initialized"));
    let workers = Workers::start(&hub, &store, log, listeners, move |index| {
        Worker::new(server, index)
    })
    .map_err(|error| error.to_string())?;
    server
        .startup_memory
        .store(memory::resident_bytes(), Ordering::Relaxed);
    log.notice(format_args!("Ready to accept connections"));
    let fine = workers.join();
    if let Some(pidfile) = pidfile {
        log.notice(format_args!("Removing the pid file."));
        // If it is gone already, all the better.
        let _ = std::fs::remove_file(pidfile);
    }
    log.warning(format_args!("Redis is now ready to exit, bye bye..."));
    Ok(fine)
}

/// Has descriptors for `maxclients`, or lowers it to what the system allows.
fn fit_clients(config: &mut Config, log: &Log) -> Result<(), String> {
    let (wanted, possible) = (config.maxclients, raise_descriptor_limit(config.maxclients));
    if possible == wanted {
        return Ok(());
    }
    let needed = u64::from(wanted) + RESERVED_DESCRIPTORS;
    let limit = descriptor_limit();
    if possible == 0 {
        return Err(format!(
            "Your current 'ulimit -n' of {limit} is not enough for the server to start. Please increase your open file \
             limit to at least {needed}. Exiting."
        ));
    }
    log.warning(format_args!(
        "You requested maxclients of {wanted} requiring at least {needed} max file descriptors."
    ));
    log.warning(format_args!(
        "Current maximum open files is {limit}. maxclients has been reduced to {possible} to compensate for low ulimit. \
         If you need higher maxclients increase 'ulimit -n'."
    ));
    config.maxclients = possible;
    Ok(())
}

/// Tells of what the configuration asks for and will not get: nobody should rely on a file that is not written.
fn warn_of_the_missing(config: &Config, log: &Log) {
    let asked_for = [
        ("appendonly", config.appendonly),
        ("cluster-enabled", config.cluster_enabled),
        ("daemonize", config.daemonize),
        ("replicaof", config.replicaof.0.is_some()),
        ("supervised", config.supervised != Supervised::No),
        ("syslog-enabled", config.syslog_enabled),
        ("tls-port", config.tls_port != 0),
    ];
    for (name, _) in asked_for.into_iter().filter(|(_, is_asked)| *is_asked) {
        log.warning(format_args!(
            "WARNING: '{name}' is set, but this server does not do what it asks for."
        ));
    }
}

/// The moon, and what people look for at the start of a log. A log that nobody watches gets the short form.
fn banner(log: &Log, config: &Config) {
    let is_watched =
        config.logfile.is_empty() && !config.syslog_enabled && std::io::stdout().is_terminal();
    if !is_watched && !config.always_show_logo {
        log.notice(format_args!(
            "Running mode=standalone, port={}.",
            config.port
        ));
        return;
    }
    log.raw(&format!(
        "\n        _..._\n      .' o    '.      Tidelock {} (Redis {COMPATIBLE_VERSION}), {} bit\n     :      O   :\n     \
         : .o       :     Running in standalone mode\n      '.    o .'      Port: {}\n        '-...-'       PID: \
         {}\n\n",
        env!("CARGO_PKG_VERSION"),
        usize::BITS,
        config.port,
        std::process::id()
    ));
}

fn write_pidfile(config: &Config, log: &Log) -> Option<PathBuf> {
    let path: &[u8] = config.pidfile.as_ref();
    if path.is_empty() {
        return None;
    }
    let path = as_path(path).to_path_buf();
    if let Err(error) = std::fs::write(&path, format!("{}\n", std::process::id())) {
        log.warning(format_args!(
            "Failed to write PID file: {}",
            system_text(&error)
        ));
        return None;
    }
    Some(path)
}
