//! Publish and subscribe: who listens to which channel, and the messages to them.
//!
//! The registry is shared by all event loops; a message is encoded once per protocol and handed to the loops of its
//! subscribers, which append it to their output. Each loop's mailbox keeps the order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::RwLock;
use resp::{Protocol, Reply, RespWriter};
use types::glob;

use crate::client::{ClientId, ClientRecord};
use crate::message::Message;
use crate::net::{Hub, Mail};

/// A client that listens.
#[derive(Clone, Debug)]
struct Listener {
    record: Arc<ClientRecord>,
}

type Listeners = BTreeMap<ClientId, Listener>;

#[derive(Debug, Default)]
struct Registry {
    channels: HashMap<Vec<u8>, Listeners>,
    /// In the order in which they were first subscribed to.
    patterns: Vec<(Vec<u8>, Listeners)>,
    shard_channels: HashMap<Vec<u8>, Listeners>,
}

/// What a client can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Channel,
    Pattern,
    ShardChannel,
}

/// All subscriptions.
#[derive(Debug)]
pub(crate) struct PubSub {
    registry: RwLock<Registry>,
    hub: Arc<Hub<Message>>,
}

/// Messages to the client whose command is running: they go before its reply.
#[derive(Debug, Default)]
pub(crate) struct OwnMessages {
    /// The client; none while nobody's command is running.
    pub(crate) client: Option<ClientId>,
    /// The messages, encoded.
    pub(crate) messages: Vec<Arc<[u8]>>,
}

impl PubSub {
    pub(crate) fn new(hub: Arc<Hub<Message>>) -> PubSub {
        PubSub {
            registry: RwLock::default(),
            hub,
        }
    }

    pub(crate) fn subscribe(&self, kind: Kind, name: &[u8], record: &Arc<ClientRecord>) {
        let mut registry = self.registry.write();
        let listeners = match kind {
            Kind::Channel => registry.channels.entry(name.to_vec()).or_default(),
            Kind::ShardChannel => registry.shard_channels.entry(name.to_vec()).or_default(),
            Kind::Pattern => {
                let position = registry
                    .patterns
                    .iter()
                    .position(|(pattern, _)| pattern == name);
                let position = position.unwrap_or_else(|| {
                    registry.patterns.push((name.to_vec(), Listeners::new()));
                    registry.patterns.len() - 1
                });
                &mut registry.patterns[position].1
            }
        };
        listeners.insert(
            record.id,
            Listener {
                record: Arc::clone(record),
            },
        );
    }

    pub(crate) fn unsubscribe(&self, kind: Kind, name: &[u8], client: ClientId) {
        let mut registry = self.registry.write();
        let registry = &mut *registry;
        match kind {
            Kind::Channel | Kind::ShardChannel => {
                let channels = if kind == Kind::Channel {
                    &mut registry.channels
                } else {
                    &mut registry.shard_channels
                };
                if let Some(listeners) = channels.get_mut(name) {
                    listeners.remove(&client);
                    if listeners.is_empty() {
                        channels.remove(name);
                    }
                }
            }
            Kind::Pattern => {
                if let Some((_, listeners)) = registry
                    .patterns
                    .iter_mut()
                    .find(|(pattern, _)| pattern == name)
                {
                    listeners.remove(&client);
                }
                registry
                    .patterns
                    .retain(|(_, listeners)| !listeners.is_empty());
            }
        }
    }

    /// Sends a message to all who listen to `channel`; how many that were.
    pub(crate) fn publish(&self, channel: &[u8], message: &[u8], own: &mut OwnMessages) -> usize {
        let registry = self.registry.read();
        let mut receivers = 0;
        if let Some(listeners) = registry.channels.get(channel) {
            let parts: &[&[u8]] = &[b"message", channel, message];
            let mut encoded = Encoded::new(parts);
            for listener in listeners.values() {
                self.deliver(listener, &mut encoded, own);
                receivers += 1;
            }
        }
        for (pattern, listeners) in &registry.patterns {
            if glob::matches(pattern, channel, false) {
                let parts: &[&[u8]] = &[b"pmessage", pattern, channel, message];
                let mut encoded = Encoded::new(parts);
                for listener in listeners.values() {
                    self.deliver(listener, &mut encoded, own);
                    receivers += 1;
                }
            }
        }
        receivers
    }

    /// As [`PubSub::publish`] for SPUBLISH.
    pub(crate) fn publish_shard(
        &self,
        channel: &[u8],
        message: &[u8],
        own: &mut OwnMessages,
    ) -> usize {
        let registry = self.registry.read();
        let Some(listeners) = registry.shard_channels.get(channel) else {
            return 0;
        };
        let parts: &[&[u8]] = &[b"smessage", channel, message];
        let mut encoded = Encoded::new(parts);
        for listener in listeners.values() {
            self.deliver(listener, &mut encoded, own);
        }
        listeners.len()
    }

    /// How many a message on `channel` would reach now.
    pub(crate) fn receivers(&self, kind: Kind, channel: &[u8]) -> usize {
        let registry = self.registry.read();
        if kind == Kind::ShardChannel {
            return registry
                .shard_channels
                .get(channel)
                .map_or(0, Listeners::len);
        }
        let by_pattern = registry
            .patterns
            .iter()
            .filter(|(pattern, _)| glob::matches(pattern, channel, false))
            .map(|(_, listeners)| listeners.len());
        registry.channels.get(channel).map_or(0, Listeners::len) + by_pattern.sum::<usize>()
    }

    fn deliver(&self, listener: &Listener, encoded: &mut Encoded<'_>, own: &mut OwnMessages) {
        let bytes = encoded.get(listener.record.protocol());
        let client = listener.record.id;
        if own.client == Some(client) {
            own.messages.push(bytes);
            return;
        }
        let place = listener.record.place();
        self.hub.send_to(place, Mail::Output(place, bytes));
    }

    /// The channels with subscribers, those that match `pattern` if there is one.
    pub(crate) fn channels(&self, kind: Kind, pattern: Option<&[u8]>) -> Vec<Vec<u8>> {
        let registry = self.registry.read();
        let channels = match kind {
            Kind::ShardChannel => &registry.shard_channels,
            _ => &registry.channels,
        };
        channels
            .keys()
            .filter(|channel| pattern.is_none_or(|pattern| glob::matches(pattern, channel, false)))
            .cloned()
            .collect()
    }

    /// How many clients listen to a channel.
    pub(crate) fn subscribers(&self, kind: Kind, channel: &[u8]) -> usize {
        let registry = self.registry.read();
        let channels = match kind {
            Kind::ShardChannel => &registry.shard_channels,
            _ => &registry.channels,
        };
        channels.get(channel).map_or(0, Listeners::len)
    }

    /// How many channels, patterns and shard channels have subscribers.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let registry = self.registry.read();
        (
            registry.channels.len(),
            registry.patterns.len(),
            registry.shard_channels.len(),
        )
    }
}

/// A message, encoded when first needed in each protocol.
struct Encoded<'a> {
    parts: &'a [&'a [u8]],
    resp2: Option<Arc<[u8]>>,
    resp3: Option<Arc<[u8]>>,
}

impl<'a> Encoded<'a> {
    fn new(parts: &'a [&'a [u8]]) -> Encoded<'a> {
        Encoded {
            parts,
            resp2: None,
            resp3: None,
        }
    }

    fn get(&mut self, protocol: Protocol) -> Arc<[u8]> {
        let parts = self.parts;
        let slot = match protocol {
            Protocol::Resp2 => &mut self.resp2,
            Protocol::Resp3 => &mut self.resp3,
        };
        let bytes = slot.get_or_insert_with(|| {
            let mut out = Vec::new();
            let mut writer = RespWriter::new(&mut out, protocol);
            writer.push(parts.len());
            for part in parts {
                writer.bulk(part);
            }
            out.into()
        });
        Arc::clone(bytes)
    }
}
