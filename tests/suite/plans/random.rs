//! Random topologies, as data that can be edited and written as YAML.

use std::fmt::Write;

use super::chance::Chance;

const COMPLETED: &str = "service_completed_successfully";

/// The addresses of the networks: some where fixed ones are among those that anybody gets, some where they are not,
/// some of both families.
const POOLS: [&str; 3] = [
    "{ subnet: 10.90.0.0/24 }",
    "{ subnet: 10.91.0.0/24, ip_range: 10.91.0.128/25 }",
    "{ subnet: 10.92.0.0/24 }, { subnet: 'fd00:92::/120' }",
];

/// A topology. Every job has a dependant.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    pub(crate) services: Vec<ServiceSketch>,
    /// How many services were ever added.
    count: usize,
    /// The names and settings of the networks `n0`, `n1`, `n2`.
    networks: [(Option<usize>, usize); 3],
}

/// A service.
#[derive(Clone, Debug)]
pub(crate) struct ServiceSketch {
    pub(crate) name: String,
    image: usize,
    is_built: bool,
    pub(crate) replicas: usize,
    container_name: Option<String>,
    environment: usize,
    /// Earlier services by name, with condition, restart and required.
    depends_on: Vec<(String, &'static str, bool, bool)>,
    networks: Vec<usize>,
    /// The last number of the address that it has in its networks.
    address: Option<usize>,
    /// A service whose network namespace this one shares.
    shares: Option<String>,
    ipc: Option<String>,
    volumes_from: Option<String>,
    volume: Option<usize>,
    port: Option<usize>,
    is_job: bool,
}

impl Sketch {
    pub(crate) fn random(chance: &mut Chance) -> Self {
        let mut sketch = Self { services: Vec::new(), count: 0, networks: [(None, 0); 3] };
        for _ in 0..1 + chance.below(6) {
            sketch.add_service(chance);
        }
        sketch
    }

    fn add_service(&mut self, chance: &mut Chance) {
        self.count += 1;
        let number = self.count;
        // The order of names differs from that of dependencies.
        let name = format!("{}{number}", chance.one_of(&["a", "k", "z"]));
        let mut depends_on = Vec::new();
        for other in &self.services {
            if chance.once_in(3) {
                let condition = match other.is_job {
                    true => COMPLETED,
                    false => *chance.one_of(&["service_started", "service_healthy"]),
                };
                depends_on.push((other.name.clone(), condition, chance.once_in(4), !chance.once_in(5)));
            }
        }
        let long_lived: Vec<String> = self
            .services
            .iter()
            .filter(|other| !other.is_job && other.replicas > 0)
            .map(|other| other.name.clone())
            .collect();
        let pick = |chance: &mut Chance, odds| {
            (!long_lived.is_empty() && chance.once_in(odds)).then(|| chance.one_of(&long_lived).clone())
        };
        let shares = pick(chance, 5);
        let replicas = if shares.is_some() || chance.once_in(2) { 1 } else { chance.below(4) };
        self.services.push(ServiceSketch {
            name,
            image: chance.below(3),
            is_built: chance.once_in(3),
            replicas,
            container_name: (replicas == 1 && chance.once_in(6)).then(|| format!("fixed{number}")),
            environment: chance.below(3),
            depends_on,
            networks: (0..3).filter(|_| chance.once_in(2)).collect(),
            port: (shares.is_none() && replicas <= 1 && chance.once_in(3)).then_some(number),
            address: (replicas == 1 && chance.once_in(3)).then_some(1 + number),
            shares,
            ipc: pick(chance, 8),
            volumes_from: pick(chance, 8),
            volume: chance.once_in(3).then(|| chance.below(3)),
            is_job: replicas > 0 && chance.once_in(6),
        });
    }

    /// An edited topology.
    pub(crate) fn edited(&self, chance: &mut Chance) -> Self {
        let mut sketch = self.clone();
        for _ in 0..chance.below(4) {
            sketch.edit(chance);
        }
        sketch
    }

    fn edit(&mut self, chance: &mut Chance) {
        let count = self.services.len();
        let place = chance.below(count);
        match chance.below(10) {
            0 => self.services[place].environment += 1,
            1 => self.services[place].image = chance.below(3),
            2 => {
                let service = &mut self.services[place];
                let is_one = service.container_name.is_some() || service.address.is_some();
                if service.shares.is_none() && !is_one && service.port.is_none() {
                    service.replicas = if service.is_job { 1 + chance.below(2) } else { 1 + chance.below(3) };
                }
            }
            3 => self.networks[chance.below(3)].0 = Some(chance.below(3)),
            4 => self.networks[chance.below(3)].1 += 1,
            5 => self.add_service(chance),
            6 => self.remove(place),
            7 => {
                // A port moves to another service.
                let other = chance.below(count);
                if self.services[other].shares.is_none() && self.services[other].replicas <= 1 {
                    let port = self.services[place].port.take();
                    self.services[other].port = port.or(self.services[other].port);
                }
            }
            8 => {
                // An address moves to another service.
                let other = chance.below(count);
                if self.services[other].replicas == 1 {
                    let address = self.services[place].address.take();
                    self.services[other].address = address.or(self.services[other].address);
                }
            }
            _ => {
                let service = &mut self.services[place];
                service.networks = (0..3).filter(|_| chance.once_in(2)).collect();
            }
        }
    }

    /// Removes a service and all references to it.
    fn remove(&mut self, place: usize) {
        if self.services.len() == 1 {
            return;
        }
        let gone = self.services.remove(place).name;
        for service in &mut self.services {
            service.depends_on.retain(|(name, ..)| *name != gone);
            for shared in [&mut service.shares, &mut service.ipc, &mut service.volumes_from] {
                if shared.as_ref() == Some(&gone) {
                    *shared = None;
                }
            }
        }
    }

    pub(crate) fn yaml(&self) -> String {
        let mut text = String::from("name: shop\nservices:\n");
        for service in &self.services {
            service.write(&mut text).expect("a string takes all");
        }
        let jobs = self.services.iter().filter(|service| service.is_job);
        let jobs: Vec<String> =
            jobs.map(|job| format!("{}: {{ condition: {COMPLETED} }}", job.name)).collect();
        writeln!(text, "  last:\n    image: image0\n    depends_on: {{ {} }}", jobs.join(", "))
            .expect("a string takes all");
        text.push_str("networks:\n");
        for (number, (name, setting)) in self.networks.iter().enumerate() {
            writeln!(
                text,
                "  n{number}:\n    labels: {{ setting: '{setting}' }}\n    ipam: {{ config: [{}] }}",
                POOLS[number]
            )
            .expect("a string takes all");
            if let Some(name) = name {
                writeln!(text, "    name: shop_other{number}{name}").expect("a string takes all");
            }
        }
        text.push_str("volumes: { v0: , v1: , v2: }\n");
        text
    }
}

impl ServiceSketch {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        let Self { name, image, environment, replicas, .. } = self;
        writeln!(text, "  {name}:\n    environment: {{ E: '{environment}' }}\n    scale: {replicas}")?;
        match self.is_built {
            true => writeln!(text, "    build: ./{name}")?,
            false => writeln!(text, "    image: image{image}")?,
        }
        if !self.is_job {
            writeln!(text, "    healthcheck: {{ test: 'true' }}")?;
        }
        if let Some(name) = &self.container_name {
            writeln!(text, "    container_name: {name}")?;
        }
        if let Some(shared) = &self.shares {
            writeln!(text, "    network_mode: service:{shared}")?;
        } else if let Some(address) = self.address {
            writeln!(text, "    networks:")?;
            for number in &self.networks {
                let ipv4 = format!("ipv4_address: 10.{}.0.{address}", 90 + number);
                let ipv6 = format!(", ipv6_address: 'fd00:92::{address:x}'");
                let ipv6 = if *number == 2 { ipv6.as_str() } else { "" };
                writeln!(text, "      n{number}: {{ {ipv4}{ipv6} }}")?;
            }
            if self.networks.is_empty() {
                writeln!(text, "      default:")?;
            }
        } else if !self.networks.is_empty() {
            let names: Vec<String> = self.networks.iter().map(|number| format!("n{number}")).collect();
            writeln!(text, "    networks: [{}]", names.join(", "))?;
        }
        if let Some(owner) = &self.ipc {
            writeln!(text, "    ipc: service:{owner}")?;
        }
        if let Some(owner) = &self.volumes_from {
            writeln!(text, "    volumes_from: [{owner}]")?;
        }
        if let Some(volume) = self.volume {
            writeln!(text, "    volumes: ['v{volume}:/data']")?;
        }
        if let Some(port) = self.port {
            writeln!(text, "    ports: ['{}:80']", 8000 + port)?;
        }
        if self.depends_on.is_empty() {
            return Ok(());
        }
        writeln!(text, "    depends_on:")?;
        for (needed, condition, restart, required) in &self.depends_on {
            writeln!(
                text,
                "      {needed}: {{ condition: {condition}, restart: {restart}, required: {required} }}"
            )?;
        }
        Ok(())
    }
}
