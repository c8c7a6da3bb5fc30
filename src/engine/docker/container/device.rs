//! In: devices of a service. Out: device mappings and requests in the engine's format. Must not:
//! check whether a device exists.

use bollard::models::{DeviceMapping as Mapping, DeviceRequest as Request};

use crate::source::Spanned;
use crate::topology::service::device::{DeviceRequest, device_count};
use crate::topology::service::{DeviceMapping, DeviceRequests};

/// Host devices that are mapped into the container.
pub(super) fn mappings(devices: &[Spanned<DeviceMapping>]) -> Vec<Mapping> {
    let mapping = |device: &Spanned<DeviceMapping>| {
        let DeviceMapping { source, target, permissions } = &device.value;
        Mapping {
            path_on_host: Some(source.clone()),
            path_in_container: Some(target.clone()),
            cgroup_permissions: Some(permissions.clone()),
        }
    };
    devices.iter().filter(|device| !device.is_cdi()).map(mapping).collect()
}

/// Devices that a driver provides: CDI devices, GPUs, and those of `deploy.resources`.
pub(super) fn requests(
    devices: &[Spanned<DeviceMapping>],
    gpus: &DeviceRequests,
    reserved: &[Spanned<DeviceRequest>],
) -> Vec<Request> {
    let names: Vec<String> =
        devices.iter().filter(|device| device.is_cdi()).map(|device| device.source.clone()).collect();
    let cdi = (!names.is_empty()).then(|| Request {
        driver: Some("cdi".to_owned()),
        device_ids: Some(names),
        ..Request::default()
    });
    let gpus = gpus.0.iter().map(|request| with_capability(translate(request), "gpu"));
    let reserved = reserved.iter().map(|request| translate(request));
    cdi.into_iter().chain(gpus).chain(reserved).collect()
}

fn translate(request: &DeviceRequest) -> Request {
    let DeviceRequest { capabilities, count: _, device_ids, driver, options, extensions: _ } = request;
    let texts = |texts: &[Spanned<String>]| texts.iter().map(|text| text.value.clone()).collect::<Vec<_>>();
    Request {
        driver: driver.clone(),
        // The engine accepts either a count or ids.
        count: device_count(request).or(device_ids.is_empty().then_some(-1)),
        device_ids: Some(texts(device_ids)),
        capabilities: Some(vec![texts(capabilities)]),
        options: Some(options.to_map().into_iter().collect()),
    }
}

fn with_capability(mut request: Request, capability: &str) -> Request {
    let sets = request.capabilities.get_or_insert_default();
    if sets.is_empty() {
        sets.push(Vec::new());
    }
    for set in sets.iter_mut().filter(|set| !set.iter().any(|known| known == capability)) {
        set.push(capability.to_owned());
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::service::device::DeviceCount;

    fn spanned<T>(value: T) -> Spanned<T> {
        let file = crate::source::Sources::default().add("t", "");
        Spanned::new(value, crate::source::Span::new(file, 0, 0))
    }

    fn device(source: &str, target: &str) -> Spanned<DeviceMapping> {
        let permissions = "rwm".to_owned();
        spanned(DeviceMapping { source: source.to_owned(), target: target.to_owned(), permissions })
    }

    #[test]
    fn a_cdi_name_becomes_a_request() {
        let devices = [device("/dev/kvm", "/dev/kvm"), device("nvidia.com/gpu=0", "nvidia.com/gpu=0")];
        assert_eq!(mappings(&devices).len(), 1);
        let requests = requests(&devices, &DeviceRequests::default(), &[]);
        assert_eq!(requests[0].driver.as_deref(), Some("cdi"));
        assert_eq!(requests[0].device_ids, Some(vec!["nvidia.com/gpu=0".to_owned()]));
    }

    #[test]
    fn gpus_request_the_gpu_capability() {
        let count = Some(spanned(DeviceCount(-1)));
        let gpus = DeviceRequests(vec![DeviceRequest { count, ..DeviceRequest::default() }]);
        let requests = requests(&[], &gpus, &[]);
        assert_eq!(requests[0].count, Some(-1));
        assert_eq!(requests[0].capabilities, Some(vec![vec!["gpu".to_owned()]]));
    }
}
