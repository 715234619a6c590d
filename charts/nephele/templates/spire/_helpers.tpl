{{- define "nephele.spire.labels" -}}
{{ include "nephele.labels" . }}
app.kubernetes.io/component: spire
{{- end -}}

{{- define "nephele.spire.serverSelector" -}}
app.kubernetes.io/name: nephele
app.kubernetes.io/component: spire-server
{{- end -}}

{{- define "nephele.spire.agentSelector" -}}
app.kubernetes.io/name: nephele
app.kubernetes.io/component: spire-agent
{{- end -}}

{{- define "nephele.spire.image" -}}
{{ .Values.spire.image.repository }}:{{ .Values.spire.image.tag }}
{{- end -}}

{{- define "nephele.spire.serverAddress" -}}
nephele-spire-server.{{ .Release.Namespace }}.svc
{{- end -}}

{{/* The operator's SPIFFE ID, which alone may administer the server over the network. */}}
{{- define "nephele.spire.operatorId" -}}
spiffe://{{ .Values.spire.trustDomain }}/ns/{{ .Release.Namespace }}/sa/nephele-operator
{{- end -}}

{{/* Who signs SPIRE's intermediate: the plugin of the kind that was chosen. */}}
{{- define "nephele.spire.upstreamAuthority" -}}
{{- $upstream := .Values.spire.upstream -}}
{{- if eq $upstream.kind "disk" -}}
disk:
  plugin_data: { cert_file_path: /run/spire/root/tls.crt, key_file_path: /run/spire/root/tls.key }
{{- else if eq $upstream.kind "cert-manager" -}}
cert-manager:
  plugin_data:
    namespace: {{ .Release.Namespace }}
    issuer_name: {{ $upstream.certManager.issuerName | quote }}
    issuer_kind: {{ $upstream.certManager.issuerKind | quote }}
    issuer_group: {{ $upstream.certManager.issuerGroup | quote }}
{{- else -}}
vault:
  plugin_data:
    vault_addr: {{ $upstream.vault.address | quote }}
    pki_mount_point: {{ $upstream.vault.mountPoint | quote }}
    ca_cert_path: /run/spire/vault/ca.crt
    k8s_auth:
      k8s_auth_mount_point: {{ $upstream.vault.authMountPoint | quote }}
      k8s_auth_role_name: {{ $upstream.vault.role | quote }}
      token_path: /run/spire/vault-token/token
{{- end -}}
{{- end -}}

{{- define "nephele.spire.serverConfiguration" -}}
{{- $lifetimes := .Values.spire.lifetimes -}}
{{- if lt (int $lifetimes.intermediateSeconds) (mul 3 (int $lifetimes.leafSeconds) | int) -}}
{{- fail (printf "spire.lifetimes.intermediateSeconds is %d, and leaves of spire.lifetimes.leafSeconds (%d) end with what signed them: set it to %d or more" (int $lifetimes.intermediateSeconds) (int $lifetimes.leafSeconds) (mul 3 (int $lifetimes.leafSeconds) | int)) -}}
{{- end -}}
server:
  bind_address: 0.0.0.0
  bind_port: "8081"
  # Whoever reaches it may do everything: it is in a volume of the pod.
  socket_path: /run/spire/private/api.sock
  trust_domain: {{ .Values.spire.trustDomain | quote }}
  data_dir: /run/spire/data
  log_level: INFO
  log_format: json
  audit_log_enabled: true
  admin_ids: [{{ include "nephele.spire.operatorId" . | quote }}]
  ca_key_type: ec-p256
  ca_ttl: {{ printf "%ds" (int .Values.spire.lifetimes.intermediateSeconds) }}
  default_x509_svid_ttl: {{ printf "%ds" (int .Values.spire.lifetimes.leafSeconds) }}
plugins:
  DataStore:
    - sql: { plugin_data: { database_type: sqlite3, connection_string: /run/spire/data/datastore.sqlite3 } }
  KeyManager:
    - disk: { plugin_data: { keys_path: /run/spire/data/keys.json } }
  NodeAttestor:
    - k8s_psat:
        plugin_data:
          clusters:
            nephele: { service_account_allow_list: ["{{ .Release.Namespace }}:nephele-spire-agent"] }
  UpstreamAuthority:
    - {{- include "nephele.spire.upstreamAuthority" . | nindent 6 }}
health_checks:
  listener_enabled: true
  bind_address: 0.0.0.0
  bind_port: "8080"
  live_path: /live
  ready_path: /ready
{{- end -}}

{{- define "nephele.spire.agentConfiguration" -}}
agent:
  data_dir: /run/spire/data
  log_level: INFO
  log_format: json
  server_address: {{ include "nephele.spire.serverAddress" . }}
  server_port: "8081"
  socket_path: /run/spire/agent/agent.sock
  trust_domain: {{ .Values.spire.trustDomain | quote }}
  trust_bundle_path: /run/spire/bundle/root.crt
plugins:
  NodeAttestor:
    - k8s_psat: { plugin_data: { cluster: nephele } }
  KeyManager:
    - memory: { plugin_data: {} }
  WorkloadAttestor:
    - k8s: { plugin_data: {} }
health_checks:
  listener_enabled: true
  bind_address: 0.0.0.0
  bind_port: "8080"
  live_path: /live
  ready_path: /ready
{{- end -}}
