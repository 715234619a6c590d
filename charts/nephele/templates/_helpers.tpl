{{/* The release's namespace is part of the admission policies, of the rights and of the API's own rules. */}}
{{- define "nephele.requireNamespace" -}}
{{- if ne .Release.Namespace "nephele-system" -}}
{{- fail (printf "Nephele is installed once a cluster, in the namespace nephele-system, and not in %s: add --namespace nephele-system --create-namespace" .Release.Namespace) -}}
{{- end -}}
{{- end -}}

{{- define "nephele.labels" -}}
app.kubernetes.io/name: nephele
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{/* What tells the operator's pods from others. */}}
{{- define "nephele.operatorSelector" -}}
app.kubernetes.io/name: nephele
app.kubernetes.io/component: operator
{{- end -}}

{{/* What tells the xDS control plane's pods from others. */}}
{{- define "nephele.xdsSelector" -}}
app.kubernetes.io/name: nephele
app.kubernetes.io/component: xds-control-plane
{{- end -}}

{{/* What tells the console proxy's pods from others. */}}
{{- define "nephele.consoleSelector" -}}
app.kubernetes.io/name: nephele
app.kubernetes.io/component: console-proxy
{{- end -}}

{{/* What tells the pods that decide by Rego from others. */}}
{{- define "nephele.authorizationSelector" -}}
app.kubernetes.io/name: nephele
app.kubernetes.io/component: authorization
{{- end -}}

{{- define "nephele.image" -}}
{{ .Values.operator.image.repository }}:{{ .Values.operator.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* What every pod of the chart is: not root, no right to gain more, nothing to write to. */}}
{{- define "nephele.podSecurity" -}}
hostUsers: {{ .Values.operator.hostUsers }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.operator.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.operator.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.operator.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "nephele.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}
