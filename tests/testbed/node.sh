#!/usr/bin/env bash
# node.sh: process 1 of the one node, in mount, PID, network, UTS and IPC namespaces of its own. The machine outside sees none of its mounts, routes or sysctls.
set -uo pipefail
. "$(dirname "$0")/env.sh"
hostname "$NODE"
mount --make-rprivate /

# What daemons write to fixed places lands in memory and goes with this mount namespace.
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755,size=1g tmpfs /var/log
mount -t tmpfs -o mode=755,size=8g tmpfs /var/lib
mkdir -p /run/lock /run/testbed/cni /var/lib/kubelet /var/log/testbed
# The data of the Postgres pod, on a volume that outlives the pod.
install -d -m 700 -o 999 -g 999 /var/lib/testbed/postgres
mkdir -p "$STATE/log" && mount --bind "$STATE/log" /var/log/testbed

for file in containerd.toml cni.conflist kubelet.yaml kube-proxy.yaml; do
  sed -e "s|@DEBIAN@|$DEBIAN|g; s|@PKI@|$PKI|g; s|@CGROUP@|$CGROUP|g; s|@POD_CIDR@|$POD_CIDR|g" "$TESTBED/config/$file" >"/run/testbed/$file"
done
mv /run/testbed/cni.conflist /run/testbed/cni/10-testbed.conflist

# The kubelet writes six sysctls that belong to the whole machine: it is shown files of our own in their place.
mkdir -p /run/testbed/sysctl
while read -r sysctl value; do
  echo "$value" >"/run/testbed/sysctl/${sysctl//\//_}"
  mount --bind "/run/testbed/sysctl/${sysctl//\//_}" "/proc/sys/$sysctl"
done <<S
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
S

ip link set lo up
for _ in $(seq 200); do ip link show "$NODE_LINK" >/dev/null 2>&1 && break; sleep 0.05; done
ip addr add "$NODE_IP/30" dev "$NODE_LINK"
ip link set "$NODE_LINK" up
ip route add "$SERVICE_CIDR" dev lo src "$NODE_IP" # so that the node's own programs reach ClusterIPs
ip route add unreachable default                   # nothing in here reaches beyond the machine
sysctl -qw net.ipv4.ip_forward=1

run() { # NAME COMMAND…
  local name=$1
  shift
  setsid "$@" >>"/var/log/testbed/$name.log" 2>&1 </dev/null &
  echo $! >"/run/testbed/$name.pid"
}

PATH=$DEBIAN/usr/bin:$DEBIAN/usr/sbin:$PATH run containerd "$DEBIAN/usr/bin/containerd" --config /run/testbed/containerd.toml
# Losing etcd's last writes in a power cut doesn't matter here; its speed does.
run etcd "$BIN/etcd" --name=testbed --data-dir=/var/lib/etcd --unsafe-no-fsync \
  --listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379 \
  --listen-peer-urls=http://127.0.0.1:2380 --initial-advertise-peer-urls=http://127.0.0.1:2380 --initial-cluster=testbed=http://127.0.0.1:2380
run kube-apiserver "$BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
  --advertise-address="$NODE_IP" --bind-address=0.0.0.0 --secure-port=6443 --service-cluster-ip-range="$SERVICE_CIDR" \
  --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" --client-ca-file="$PKI/ca.crt" --anonymous-auth=false \
  --service-account-issuer=https://kubernetes.default.svc.cluster.local \
  --service-account-key-file="$PKI/sa.pub" --service-account-signing-key-file="$PKI/sa.key" \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
  --kubelet-client-certificate="$PKI/apiserver-kubelet-client.crt" --kubelet-client-key="$PKI/apiserver-kubelet-client.key" \
  --kubelet-certificate-authority="$PKI/ca.crt" --kubelet-preferred-address-types=InternalIP \
  --requestheader-client-ca-file="$PKI/ca.crt" --requestheader-allowed-names=front-proxy-client --requestheader-username-headers=X-Remote-User \
  --requestheader-group-headers=X-Remote-Group --requestheader-extra-headers-prefix=X-Remote-Extra- \
  --proxy-client-cert-file="$PKI/front-proxy-client.crt" --proxy-client-key-file="$PKI/front-proxy-client.key" --cert-dir=/run/testbed/apiserver

# Started earlier, both would die on roles that are not there yet.
for _ in $(seq 1200); do "$BIN/kubectl" --kubeconfig="$PKI/admin.kubeconfig" get --raw /readyz >/dev/null 2>&1 && break; sleep 0.1; done
control() { # NAME EXTRA-FLAG…
  local name=$1
  shift
  run "$name" "$BIN/$name" --kubeconfig="$PKI/$name.kubeconfig" --authentication-kubeconfig="$PKI/$name.kubeconfig" \
    --authorization-kubeconfig="$PKI/$name.kubeconfig" --leader-elect=false --bind-address=127.0.0.1 --cert-dir="/run/testbed/$name" "$@"
}
control kube-controller-manager --use-service-account-credentials=true --root-ca-file="$PKI/ca.crt" \
  --service-account-private-key-file="$PKI/sa.key" --cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key"
control kube-scheduler
# The kubelet ends if a mount goes while it looks at all of them, as when an image is imported meanwhile. It is started again, as a node's
# service manager does.
# shellcheck disable=SC2016 # for the inner shell
run kubelet bash -c 'until "$@"; do sleep 0.5; done' kubelet "$BIN/kubelet" --config=/run/testbed/kubelet.yaml --kubeconfig="$PKI/kubelet.kubeconfig" \
  --node-ip="$NODE_IP" --hostname-override="$NODE" --root-dir=/var/lib/kubelet
run kube-proxy "$BIN/kube-proxy" --config=/run/testbed/kube-proxy.yaml --hostname-override="$NODE"

trap 'exit 0' TERM INT
while :; do wait -n 2>/dev/null; sleep 1 & wait $!; done
