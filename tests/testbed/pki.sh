#!/usr/bin/env bash
# pki.sh: one certificate authority, a certificate for each server and user, and their kubeconfigs. Made anew with each cluster.
set -euo pipefail
. "$(dirname "$0")/env.sh"
umask 077
mkdir -p "$PKI"
cd "$PKI"

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
leaf() { # NAME SUBJECT [SUBJECT-ALTERNATIVE-NAMES]
  key "$1"
  openssl req -new -key "$1.key" -subj "$2" |
    openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out "$1.crt" 2>/dev/null -extfile <(
      printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=clientAuth,serverAuth\n'
      [ -z "${3:-}" ] || printf 'subjectAltName=%s\n' "$3"
    )
}
kubeconfig() { # USER
  cat >"$1.kubeconfig" <<K
apiVersion: v1
kind: Config
current-context: testbed
contexts: [{name: testbed, context: {cluster: testbed, user: $1}}]
clusters: [{name: testbed, cluster: {server: "https://$NODE_IP:6443", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}}]
K
}

key ca
openssl req -x509 -new -key ca.key -days 3650 -subj /CN=testbed-ca -out ca.crt \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
key sa
openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
api=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
leaf apiserver /CN=kube-apiserver "$api,DNS:localhost,IP:127.0.0.1,IP:10.96.0.1,IP:$NODE_IP"
leaf kubelet-server "/CN=$NODE" "DNS:$NODE,DNS:localhost,IP:127.0.0.1,IP:$NODE_IP"
leaf apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
leaf front-proxy-client /CN=front-proxy-client
leaf admin /O=system:masters/CN=admin
leaf kubelet "/O=system:nodes/CN=system:node:$NODE"
for component in kube-controller-manager kube-scheduler kube-proxy; do leaf "$component" "/CN=system:$component"; done
for user in admin kubelet kube-controller-manager kube-scheduler kube-proxy; do kubeconfig "$user"; done
