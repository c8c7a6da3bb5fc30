//! In: a word of Portuguese or Spanish. Out: the attributes that it names.
//! Must not: know which of them is known where.

/// Words without accents, singular and plural, and what they are called in a topology file.
const NAMES: &[(&[&str], &[&str])] = &[
    (&["ambiente", "ambientes", "entorno", "variaveis", "variables_de_entorno"], &["environment"]),
    (&["arquivo", "archivo", "fichero"], &["file"]),
    (&["arquivo_env", "arquivo_de_ambiente", "archivo_env"], &["env_file"]),
    (&["comando", "comandos"], &["command"]),
    (&["configuracao", "configuracoes", "configuracion", "configuraciones"], &["configs"]),
    (&["construcao", "construir", "construccion"], &["build"]),
    (&["contexto"], &["context"]),
    (&["depende", "depende_de", "dependencia", "dependencias"], &["depends_on"]),
    (&["diretorio", "diretorio_de_trabalho", "directorio", "directorio_de_trabajo"], &["working_dir"]),
    (&["dispositivo", "dispositivos"], &["devices"]),
    (&["etiqueta", "etiquetas", "rotulo", "rotulos"], &["labels"]),
    (&["imagem", "imagen"], &["image"]),
    (&["limite_de_memoria", "memoria"], &["mem_limit", "memory"]),
    (&["nome", "nombre"], &["container_name", "name"]),
    (&["nome_do_container", "nome_do_conteiner", "nombre_del_contenedor"], &["container_name"]),
    (&["perfil", "perfis", "perfiles"], &["profiles"]),
    (&["porta", "portas", "puerto", "puertos"], &["ports"]),
    (&["ponto_de_entrada", "punto_de_entrada"], &["entrypoint"]),
    (&["processadores", "procesadores", "nucleos"], &["cpus"]),
    (&["rede", "redes", "red"], &["networks"]),
    (&["reiniciar", "reinicio"], &["restart"]),
    (&["replica"], &["replicas"]),
    (&["segredo", "segredos", "secreto", "secretos"], &["secrets"]),
    (&["servico", "servicos", "servicio", "servicios"], &["services"]),
    (&["teste", "prueba"], &["test"]),
    (&["usuario"], &["user"]),
    (&["verificacao", "verificacao_de_saude", "saude", "salud"], &["healthcheck"]),
    (&["volumen", "volumenes"], &["volumes"]),
];

/// The attributes that a word stands for.
pub(super) fn names(word: &str) -> Option<&'static [&'static str]> {
    let plain: String = word.chars().map(without_accent).collect();
    let entry = NAMES.iter().find(|(words, _)| words.contains(&plain.as_str()));
    entry.map(|(_, names)| *names)
}

fn without_accent(letter: char) -> char {
    match letter {
        'á' | 'à' | 'â' | 'ã' => 'a',
        'é' | 'ê' => 'e',
        'í' => 'i',
        'ó' | 'ô' | 'õ' => 'o',
        'ú' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Sections;
    use crate::topology::attribute::Attribute;
    use crate::topology::service::Service;

    #[test]
    fn words_are_known_with_and_without_accents() {
        for word in ["memoria", "memória"] {
            assert_eq!(names(word), Some(["mem_limit", "memory"].as_slice()));
        }
        assert_eq!(names("serviços"), Some(["services"].as_slice()));
        assert_eq!(names("networks"), None);
    }

    #[test]
    fn no_word_is_an_attribute_itself_and_each_stands_once() {
        let mut seen = std::collections::HashSet::new();
        for word in NAMES.iter().flat_map(|(words, _)| *words) {
            let is_known = |field: &crate::topology::attribute::Field| field.key == *word;
            assert!(!Service::KEYS.iter().chain(Sections::KEYS).any(is_known), "`{word}` is an attribute");
            assert!(seen.insert(word), "`{word}` stands twice");
        }
    }
}
