//! The JSON Schema in `schema/` is what the decode tables make of themselves.

use std::path::Path;

#[test]
fn the_schema_file_is_what_the_program_accepts() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/topology.schema.json");
    let schema = format!("{:#}\n", topo::topology::schema());
    if std::env::var_os("TOPO_UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &schema).expect("the schema is written");
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == schema, "{} is old: TOPO_UPDATE_GOLDEN=1 rewrites it", file.display());
}
