//! A Kubernetes API of a test's own: etcd and a kube-apiserver on loopback, and programs that run beside them.

mod control_plane;
mod eventually;
pub mod process;

pub use control_plane::ControlPlane;
pub use eventually::eventually;
