//! Attributes of volumes and mounts, and of other files.

use super::{Place, service, volume};

/// Every place.
pub(super) fn places() -> Vec<Place> {
    vec![
        volume("labels: {a: @}", &["b", "1"]),
        volume("name: @", &["topo-test-grammar-volume", "a b", "x", "/x", "x/y", "_x"]),
        volume("driver: @", &["local"]),
        volume("driver_opts: {@: tmpfs}", &["type", "o", "device", "foo"]),
        volume("driver_opts: {type: @}", &["tmpfs", "none"]),
        volume("driver_opts: {type: tmpfs, device: @}", &["tmpfs", "x"]),
        volume("driver_opts: {type: tmpfs, device: tmpfs, o: @}", &["size=10m", "uid=1000"]),
        volume("driver_opts: {type: none, o: bind, device: @}", &["/tmp", "./dir", "./nosuch"]),
        volume("driver_opts: {o: bind, device: @}", &["/tmp"]),
        volume("driver_opts: {type: none, device: /tmp, o: @}", &["bind", "rbind", "ro"]),
        volume("driver_opts: {type: @, device: x}", &["nfs", "nosuchfs"]),
        service("logging: {driver: json-file, options: {labels-regex: @}}", &["^(a|b)$", "(", "["]),
        service(
            "logging: {driver: json-file, options: {tag: @}}",
            &["{{.Name}}", "{{", "{{.Foo}}", "{{Name}}"],
        ),
        service("logging: {driver: local, options: {@: '1'}}", &["max-file", "labels", "foo"]),
        service(
            "logging: {driver: syslog, options: {syslog-address: @}}",
            &["udp://127.0.0.1:5514", "http://x"],
        ),
        service(
            "logging: {driver: syslog, options: {syslog-address: 'udp://127.0.0.1:5514', syslog-facility: @}}",
            &["daemon", "23", "24"],
        ),
        service(
            "logging: {driver: syslog, options: {syslog-address: 'udp://127.0.0.1:5514', syslog-format: @}}",
            &["rfc5424", "rfc3164"],
        ),
        service("logging: {driver: gelf, options: {gelf-address: @}}", &["udp://127.0.0.1:5515", "foo"]),
        service(
            "logging: {driver: fluentd, options: {fluentd-async: 'true', fluentd-address: @}}",
            &["127.0.0.1:5516"],
        ),
        service("logging: {driver: fluentd, options: {fluentd-async: @}}", &["true"]),
        service("logging: {driver: json-file, options: {max-buffer-size: @}}", &["4m"]),
        service(
            "logging: {driver: json-file, options: {@: '1'}}",
            &["max-file", "max-sizee", "tag", "labels", "foo"],
        ),
        service("logging: {driver: json-file, options: {max-size: @}}", &["10m", "1k", "0"]),
        service("logging: {driver: json-file, options: {max-file: @}}", &["3", "1", "0"]),
        service("logging: {driver: local, options: {max-size: @}}", &["10m"]),
        service("logging: {driver: local, options: {max-file: @}}", &["3", "1"]),
        service("logging: {driver: local, options: {compress: @}}", &["true", "false"]),
        service("logging: {driver: json-file, options: {compress: @}}", &["true", "false"]),
        service("logging: {driver: json-file, options: {mode: @}}", &["non-blocking", "blocking"]),
        service("logging: {driver: json-file, options: {mode: non-blocking, max-buffer-size: @}}", &["4m"]),
        service("logging: {options: {@: '1'}}", &["max-file", "foo"]),
        service("volumes: ['./dir:/a', @]", &["./dir:/b", "./dir:/a/b", "/a", "/a/"]),
    ]
}
