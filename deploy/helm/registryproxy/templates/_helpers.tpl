{{- define "registryproxy.name" -}}
{{- if contains "registryproxy" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-registryproxy" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "registryproxy.selector" -}}
app.kubernetes.io/name: registryproxy
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "registryproxy.labels" -}}
{{ include "registryproxy.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* The file of a secret, as the configuration names it. */}}
{{- define "registryproxy.secretFile" -}}
/etc/registryproxy/secrets/{{ .name }}/{{ .key }}
{{- end }}

{{/* A Redis, as the sections cluster and state take it. */}}
{{- define "registryproxy.redis" -}}
{{- if regexMatch "(?i)(^|,)\\s*password\\s*=" .redis.connection }}
{{- fail (printf "%s.redis.connection has a password, which the ConfigMaps would show: name its Secret in %s.redis.passwordSecret" .section .section) }}
{{- end -}}
connection: {{ required (printf "%s.redis.connection is required" .section) .redis.connection | quote }}
{{- if .redis.passwordSecret.name }}
password: { file: {{ include "registryproxy.secretFile" .redis.passwordSecret | quote }} }
{{- end }}
{{- end }}

{{/* What silos and gateways need to find each other. */}}
{{- define "registryproxy.cluster" -}}
provider: {{ .Values.cluster.provider }}
serviceId: {{ .Values.cluster.serviceId | quote }}
clusterId: {{ .Values.cluster.id | quote }}
siloPort: 11111
gatewayPort: 30000
maxStale: {{ .Values.cluster.maxStale }}
{{- if eq .Values.cluster.provider "redis" }}
redis:
  {{- include "registryproxy.redis" (dict "section" "cluster" "redis" .Values.cluster.redis) | nindent 2 }}
{{- else }}
kubernetes:
  namespace: {{ .Release.Namespace | quote }}
  watchPods: {{ .Values.cluster.watchPods }}
{{- end }}
{{- with .Values.cluster.tls.secretName }}
tls:
  certificate: {{ include "registryproxy.secretFile" (dict "name" . "key" "tls.crt") | quote }}
  key: {{ include "registryproxy.secretFile" (dict "name" . "key" "tls.key") | quote }}
  ca: {{ include "registryproxy.secretFile" (dict "name" . "key" "ca.crt") | quote }}
{{- end }}
{{- end }}

{{- define "registryproxy.state" -}}
provider: {{ .Values.state.provider }}
{{- if eq .Values.state.provider "redis" }}
redis:
  {{- include "registryproxy.redis" (dict "section" "state" "redis" .Values.state.redis) | nindent 2 }}
encryptionKeys:
  {{- range required "state.encryptionKeys is required: the state holds signing keys and sessions" .Values.state.encryptionKeys }}
  - { id: {{ .id | quote }}, key: { file: {{ include "registryproxy.secretFile" (dict "name" .secretName "key" .key) | quote }} } }
  {{- end }}
{{- else }}
volatile: {{ .Values.state.volatile }}
{{- end }}
{{- with .Values.state.discardKeys }}
discardKeys: {{ toJson . }}
{{- end }}
{{- end }}

{{/* A size as the configuration takes it. Helm reads plain bytes of a values file as a float, which would be written with an exponent. */}}
{{- define "registryproxy.size" -}}
{{- if kindIs "string" . }}{{ . | quote }}{{ else }}{{ . | int64 }}{{ end }}
{{- end }}

{{/* Gateways keep the files; silos check that routes with a cache have one. */}}
{{- define "registryproxy.cache" -}}
{{- with .Values.gateway.cache -}}
{{- if .enabled -}}
cache:
  path: /var/cache/registryproxy
  maxBytes: {{ include "registryproxy.size" .maxBytes }}
  tagTtl: {{ .tagTtl }}
  staleIfError: {{ .staleIfError }}
  {{- if not .sendFile }}
  sendFile: false
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Whether gateways read what others of them cache: that needs certificates. */}}
{{- define "registryproxy.peers" -}}
{{- if and .Values.gateway.cache.enabled .Values.cluster.tls.secretName }}yes{{ end }}
{{- end }}

{{- define "registryproxy.admin" -}}
token: { file: {{ include "registryproxy.secretFile" (dict "name" (required "admin.tokenSecret.name is required: a Secret with the token of operators" .Values.admin.tokenSecret.name) "key" .Values.admin.tokenSecret.key) | quote }} }
{{- end }}

{{/* Sections that are read at the start alone: pods are replaced when these change, and only then. */}}
{{- define "registryproxy.fixed" -}}
{{ include "registryproxy.cluster" . }}
{{ include "registryproxy.state" . }}
{{ toYaml .Values.gateway.cache }}
{{ .Values.gateway.tls.secretName }} {{ toYaml .Values.gateway.trustedProxies }} {{ .Values.gateway.proxyProtocol }} {{ .Values.gateway.http2 }}
{{- end }}

{{/* Names of the Secrets that a part mounts, each once. */}}
{{- define "registryproxy.secrets" -}}
{{- $names := list .root.Values.admin.tokenSecret.name .root.Values.cluster.tls.secretName }}
{{- if eq .root.Values.cluster.provider "redis" }}{{ $names = append $names .root.Values.cluster.redis.passwordSecret.name }}{{ end }}
{{- if eq .part "gateway" }}
{{- $names = append $names .root.Values.gateway.tls.secretName }}
{{- else }}
{{- $names = concat $names .root.Values.secrets }}
{{- if eq .root.Values.state.provider "redis" }}
{{- $names = append $names .root.Values.state.redis.passwordSecret.name }}
{{- range .root.Values.state.encryptionKeys }}{{ $names = append $names .secretName }}{{ end }}
{{- end }}
{{- end }}
{{- compact $names | uniq | sortAlpha | toJson }}
{{- end }}

{{/* The volume with the authorities that are trusted instead of the image's; nothing where there is none. */}}
{{- define "registryproxy.caBundle" -}}
{{- with .Values.caBundle -}}
{{- if .configMap -}}
configMap: { name: {{ .configMap }} }
{{- else if .secret -}}
secret: { secretName: {{ .secret }}, defaultMode: 0440 }
{{- end }}
{{- end }}
{{- end }}

{{/* The configuration of silos. */}}
{{- define "registryproxy.siloConfig" -}}
revision: {{ .Values.revision | default .Release.Revision | int64 }}
# The data listener is that of the gateways; silos have none.
listen: { data: "http://[::]:5000", admin: "http://[::]:5001" }
cluster:
  {{- include "registryproxy.cluster" . | nindent 2 }}
state:
  {{- include "registryproxy.state" . | nindent 2 }}
admin:
  {{- include "registryproxy.admin" . | nindent 2 }}
{{- include "registryproxy.cache" . | nindent 0 }}
{{- $config := required "config is required: upstreams, authenticators and tenants" .Values.config }}
{{- if .Values.tenants }}
{{- $config = mergeOverwrite (deepCopy $config) (dict "include" (append (default list $config.include) "tenant-*.yaml")) }}
{{- end }}
{{ toYaml $config }}
{{- end }}

{{/* The data of a ConfigMap with the configuration of silos: a file for each tenant beside the main one. One object, since its parts arrive
together: a revision never comes with the tenants of another. */}}
{{- define "registryproxy.siloFiles" -}}
{{- $files := include "registryproxy.siloTexts" . }}
{{- if gt (len $files) 921600 }}
{{- fail (printf "config and tenants have %d KiB together, and Kubernetes takes 1024 in a ConfigMap: keep parts of tenants in the state (managed: true), or have fewer of them here" (div (len $files) 1024)) }}
{{- end }}
{{- $files }}
{{- end }}

{{- define "registryproxy.siloTexts" -}}
config.yaml: |
  {{- include "registryproxy.siloConfig" . | nindent 2 }}
{{- range $tenant := keys (default dict .Values.tenants) | sortAlpha }}
tenant-{{ $tenant }}.yaml: |
  {{- include "registryproxy.tenantFile" (dict "root" $ "tenant" $tenant) | nindent 2 }}
{{- end }}
{{- end }}

{{/* What is in the file of a tenant: .root, .tenant. */}}
{{- define "registryproxy.tenantFile" -}}
{{- if hasKey (default dict .root.Values.config.tenants) .tenant }}{{ fail (printf "tenant %s is in tenants and in config.tenants" .tenant) }}{{ end -}}
{{ toYaml (dict "tenants" (dict .tenant (get .root.Values.tenants .tenant))) }}
{{- end }}

{{- /* The port of the service of the data listener: ingress controllers, e.g. Traefik, speak TLS to whatever is called 443. */ -}}
{{- define "registryproxy.dataPort" -}}
{{- with .Values.gateway }}
{{- if .service.port }}{{ .service.port | int64 }}
{{- else if or .tls.secretName (ne .service.type "ClusterIP") }}443
{{- else }}80
{{- end }}
{{- end }}
{{- end }}
