#!/usr/bin/env bash
# expose.sh: deploy/oauth2-proxy as a user would take it, with Traefik, nginx and an OpenID provider, in namespaces of their own.
# After `make install`, whose operator makes the tokens. PICTURES=folder keeps what the browser saw.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../testbed/env.sh"
[ "${CLUSTER:-testbed}" = existing ] || export KUBECONFIG=$RUN/kubeconfig
cd "$CHECKOUT"
DEPLOY=deploy/oauth2-proxy
NAMESPACE=aurora-mcp-expose # Traefik, the provider, and a gateway of its own
PROXY=aurora-mcp-proxy      # what the user installs
PEOPLE=(alice eddie)
WORK=$(mktemp -d)

ended() {
  local status=$?
  [ "$status" = 0 ] || { kubectl -n "$NAMESPACE" get pods; kubectl -n "$PROXY" get pods; kubectl -n "$NAMESPACE" logs --tail=15 deploy/traefik; for one in oauth2-proxy nginx; do kubectl -n "$PROXY" logs --tail=15 "deploy/$one"; done; } >&2 2>/dev/null || true
  kubectl -n aurora-oss delete mcptoken "${PEOPLE[@]/#/expose-}" --ignore-not-found >/dev/null
  kubectl delete namespace "$NAMESPACE" "$PROXY" --ignore-not-found --wait=false >/dev/null
  kubectl delete ingressclass traefik --ignore-not-found >/dev/null
  kubectl delete clusterrole,clusterrolebinding aurora-mcp-expose-traefik --ignore-not-found >/dev/null
  kubectl delete -f "$CACHE/traefik" --ignore-not-found --wait=false >/dev/null
  rm -rf "$WORK"
}

# A certificate authority, and a certificate for both names.
certificate() {
  (
    cd "$WORK"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=expose" -keyout ca.key -out ca.crt
    openssl req -newkey rsa:2048 -nodes -subj "/CN=mcp.example.com" -keyout tls.key -out tls.csr
    openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out tls.crt \
      -extfile <(echo "subjectAltName=DNS:mcp.example.com,DNS:id.example.com")
  ) >"$WORK/openssl.log" 2>&1
}

# Namespaces, certificates, and what the gateway reads of Aurora: the same ConfigMap and Secrets, with names that hold from here.
surroundings() {
  local namespace
  until_ok 60 "the end of an earlier run's definitions" settled
  kubectl apply --server-side -f "$CACHE/traefik" >/dev/null
  for namespace in "$NAMESPACE" "$PROXY"; do
    until_ok 60 "the end of an earlier namespace $namespace" absent namespace "$namespace"
    kubectl create namespace "$namespace" >/dev/null
    kubectl label namespace "$namespace" pod-security.kubernetes.io/enforce=restricted >/dev/null
    kubectl -n "$namespace" create secret tls aurora-mcp-tls --cert="$WORK/tls.crt" --key="$WORK/tls.key" >/dev/null
  done
  kubectl -n "$PROXY" create configmap provider-ca --from-file=ca.crt="$WORK/ca.crt" >/dev/null
  kubectl -n "$NAMESPACE" create configmap provider --from-file="$HERE/oidc/provider.mjs" >/dev/null
  kubectl -n aurora-oss get -o json configmap/aurora-oss-config secret/aurora-oss-secrets-app secret/aurora-mcp-gateway-db |
    jq --arg namespace "$NAMESPACE" '.items[] |= (.metadata |= {name, namespace: $namespace})
      | (.items[] | select(.kind == "ConfigMap") | .data[]) |= gsub("(?<host>aurora-oss-[a-z]+)"; "\(.host).aurora-oss")' |
    kubectl apply -f - >/dev/null
}
settled() { [ -z "$(kubectl get crd -o 'jsonpath={.items[*].metadata.deletionTimestamp}')" ]; }
absent() { [ -z "$(kubectl get "$1" "$2" --ignore-not-found -o name)" ]; }

# manifest FILE: as it is, with our images, our gateway and our people.
manifest() {
  sed -e "s|aurora-oss-mcp.aurora-oss.svc|aurora-oss-mcp.$NAMESPACE.svc|" -e 's|"example.com"|"alpha.example"|' \
    -e "s|quay.io/oauth2-proxy/oauth2-proxy:v|$REGISTRY/oauth2-proxy:|" -e "s|nginxinc/nginx-unprivileged:.*|$REGISTRY/nginx:1.22|" -e "s|namespace: gateway }|namespace: $NAMESPACE }|" "$1"
}

address() { kubectl -n "$1" get service "$2" -o 'jsonpath={.spec.clusterIP}'; }
addresses() { kubectl -n "$PROXY" get pods -l "app.kubernetes.io/name=$1" -o jsonpath='{range .items[*]}{.status.podIP},{end}' | sed 's/,$//'; }

# gateway ADDRESSES: the chart with the user's values; connections from these addresses are the proxy's.
gateway() {
  local image
  image=$(cat "$RUN/image")
  helm upgrade --install aurora-mcp charts/aurora-mcp -n "$NAMESPACE" --wait --timeout 120s -f "$DEPLOY/values.yaml" \
    --set image.repository="${image%:*}" --set image.tag="${image##*:}" --set gateway.databaseSecret=aurora-mcp-gateway-db \
    --set crds.install=false --set admissionPolicy.enabled=false --set operator.replicas=0 --set gateway.watchWorkloads=false \
    --set "watchNamespaces={$NAMESPACE}" \
    --set gateway.replicas=1 --set "gateway.proxy.trusted={$1}" >"$WORK/helm.log" 2>&1 || { cat "$WORK/helm.log" >&2; die "the chart did not become ready"; }
}

token() { kubectl -n aurora-oss get secret "expose-$1" -o 'jsonpath={.data.token}' | base64 -d; }
tokens() {
  local name
  for name in "${PEOPLE[@]}"; do
    sed -e "s/^  name: .*/  name: expose-$name/" -e "s/email: .*/email: $name@alpha.example/" deploy/examples/mcptoken.yaml | kubectl apply -f - >/dev/null
  done
  kubectl -n aurora-oss wait "${PEOPLE[@]/#/mcptoken/expose-}" --for=condition=Ready --timeout=60s >/dev/null
}

# checked SHAPE SERVICE: all that must hold, where the way in is that Service.
checked() {
  say "$1: no credentials, one of two, both, and headers made up; programs and a browser"
  jq -n --arg shape "$1" --arg gateway "$(address "$NAMESPACE" aurora-oss-mcp)" \
    --arg ca "$WORK/ca.crt" --arg secret "$SECRET" --arg alice "$(token alice)" --arg eddie "$(token eddie)" --arg sdk "$SDK" \
    --arg pictures "${PICTURES:-}" --arg key "$KEY" '$ARGS.named' >"$WORK/way.json"
  { cat /etc/hosts && echo "$2 mcp.example.com" && echo "$(address "$NAMESPACE" traefik) id.example.com"; } >"$WORK/hosts"
  # The two names lead there for these processes alone. The inner shell expands its own arguments.
  # shellcheck disable=SC2016
  timeout 300 unshare --mount sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$WORK/hosts" "$BROWSER" "$HERE/checks.py" "$WORK/way.json"
}

tests/testbed/parts.sh oauth2-proxy traefik
SDK=$(tests/clients/python/install.sh 2)
BROWSER=$(tests/browser/install.sh)
tests/npm/install.sh >/dev/null # for npm itself
archives=$(tests/testbed/images.sh expose)
# shellcheck disable=SC2086 # a list of paths without spaces
tests/testbed/testbed import $archives

trap ended EXIT
say "Traefik, an OpenID provider, and deploy/oauth2-proxy in front of a gateway of their own"
certificate
KEY=$(openssl x509 -in "$WORK/tls.crt" -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64) # which Chromium takes
surroundings
SECRET=$(openssl rand -hex 16)
kubectl -n "$PROXY" create secret generic oauth2-proxy --from-literal=client-secret="$SECRET" --from-literal=cookie-secret="$(openssl rand -hex 16)" >/dev/null
sed "s/@SECRET@/$SECRET/" "$HERE/cluster.yaml" | kubectl -n "$NAMESPACE" apply -f - >/dev/null
tokens
gateway 192.0.2.1 # nobody yet: nginx starts only where its upstreams are
kubectl -n "$NAMESPACE" wait deploy/traefik deploy/provider --for=condition=Available --timeout=90s >/dev/null
for file in "$DEPLOY/oauth2-proxy.yaml" "$DEPLOY/traefik/ingress.yaml" "$DEPLOY/nginx/nginx.yaml"; do
  manifest "$file" | kubectl -n "$PROXY" apply -f - >/dev/null
done
# What a cluster of somebody's own has by itself: the provider's name in DNS, and a certificate that the image knows.
kubectl -n "$PROXY" patch deploy oauth2-proxy -p "$(jq -n --arg ip "$(address "$NAMESPACE" traefik)" '{spec: {template: {spec: {
  hostAliases: [{ip: $ip, hostnames: ["id.example.com"]}],
  volumes: [{name: "ca", configMap: {name: "provider-ca"}}],
  containers: [{name: "oauth2-proxy", imagePullPolicy: "Never", env: [{name: "SSL_CERT_FILE", value: "/ca/ca.crt"}], volumeMounts: [{name: "ca", mountPath: "/ca"}]}]}}}}')" >/dev/null
for deployment in oauth2-proxy nginx; do kubectl -n "$PROXY" rollout status "deploy/$deployment" --timeout=90s >/dev/null; done

gateway "$(addresses oauth2-proxy)"
checked traefik "$(address "$NAMESPACE" traefik)"
kubectl -n "$PROXY" delete ingress aurora-mcp aurora-mcp-api >/dev/null
routed() { curl -fsS --cacert "$WORK/ca.crt" --resolve "mcp.example.com:443:$(address "$NAMESPACE" traefik)" https://mcp.example.com/ping; }
not_routed() { ! routed; }
until_ok 30 "the end of the Ingress" not_routed
manifest "$DEPLOY/gateway-api/httproute.yaml" | kubectl -n "$PROXY" apply -f - >/dev/null
until_ok 30 "the way in by the HTTPRoute" routed
checked gateway-api "$(address "$NAMESPACE" traefik)"
gateway "$(addresses nginx)"
checked nginx "$(address "$PROXY" nginx)"
