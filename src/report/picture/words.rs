//! The texts of pictures, in each language.

use crate::topology::service::DependencyCondition;

/// The language of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// The language of all other output.
    #[default]
    English,
    /// As it is spoken in Brazil.
    Portuguese,
}

/// The texts of a language.
#[derive(Debug)]
pub struct Words {
    /// The BCP 47 tag of the language, for SVG.
    pub tag: &'static str,
    /// Replaces the image of a service that only has a build.
    pub built_here: &'static str,
    /// Precedes the name of a provider.
    pub provider: &'static str,
    /// Replaces a port that the engine chooses.
    pub any_port: &'static str,
    /// Precedes the names of profiles.
    pub profile: &'static str,
    /// The conditions that a service waits for.
    pub started: &'static str,
    pub healthy: &'static str,
    pub completed: &'static str,
    pub legend: Legend,
}

/// The meanings of the signs in a picture.
#[derive(Debug)]
pub struct Legend {
    pub started: &'static str,
    pub healthy: &'static str,
    pub completed: &'static str,
    pub mount: &'static str,
    pub volume: &'static str,
    pub profile: &'static str,
    pub port: &'static str,
    pub bind: &'static str,
    pub secret: &'static str,
    pub config: &'static str,
    pub network: &'static str,
    pub networks: &'static str,
}

const ENGLISH: Words = Words {
    tag: "en",
    built_here: "built here",
    provider: "provider",
    any_port: "any",
    profile: "profile",
    started: "started",
    healthy: "healthy",
    completed: "completed",
    legend: Legend {
        started: "starts after it",
        healthy: "starts once it is healthy",
        completed: "starts once it has ended well",
        mount: "keeps this directory in the volume",
        volume: "volume",
        profile: "starts only with this profile",
        port: "port of the host → of the service",
        bind: "path on the host → in the service",
        secret: "secret",
        config: "config",
        network: "network",
        networks: "networks",
    },
};

const PORTUGUESE: Words = Words {
    tag: "pt-BR",
    built_here: "construída aqui",
    provider: "provedor",
    any_port: "qualquer",
    profile: "perfil",
    started: "iniciado",
    healthy: "saudável",
    completed: "concluído",
    legend: Legend {
        started: "começa depois dele",
        healthy: "começa quando ele está saudável",
        completed: "começa quando ele termina bem",
        mount: "guarda esta pasta no volume",
        volume: "volume",
        profile: "só sobe com este perfil",
        port: "porta da máquina → do serviço",
        bind: "caminho na máquina → no serviço",
        secret: "segredo",
        config: "configuração",
        network: "rede",
        networks: "redes",
    },
};

impl Language {
    /// Its texts.
    pub fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Portuguese => &PORTUGUESE,
        }
    }
}

impl Words {
    /// What a service waits for.
    pub fn condition(&self, condition: DependencyCondition) -> &'static str {
        match condition {
            DependencyCondition::Started => self.started,
            DependencyCondition::Healthy => self.healthy,
            DependencyCondition::Completed => self.completed,
        }
    }
}
