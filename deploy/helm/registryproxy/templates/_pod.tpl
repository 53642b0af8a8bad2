{{/* What the pods of silos and gateways share: .root, .part (silo or gateway), .values of the part. */}}
{{- define "registryproxy.pod" -}}
metadata:
  labels:
    {{- include "registryproxy.labels" . | nindent 4 }}
    {{- with .values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    registryproxy.dev/fixed: {{ include "registryproxy.fixed" .root | sha256sum }}
    {{- with .values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "registryproxy.name" .root }}-{{ .part }}
  automountServiceAccountToken: {{ eq .root.Values.cluster.provider "kubernetes" }}
  terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds | default 80 | int64 }}
  {{- with .values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile: { type: RuntimeDefault }
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  topologySpreadConstraints:
    {{- with .values.topologySpreadConstraints }}
    {{- toYaml . | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "registryproxy.selector" . | nindent 10 }}
    {{- end }}
  {{- with .values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .part }}
      image: "{{ get .root.Values.image .part }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      env:
        - { name: REGISTRYPROXY_CONFIG, value: /etc/registryproxy/config/config.yaml }
        - { name: REGISTRYPROXY_LOG, value: json }
        - name: POD_IP
          valueFrom: { fieldRef: { fieldPath: status.podIP } }
        - name: POD_NAMESPACE
          valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
        {{- if include "registryproxy.caBundle" .root }}
        - { name: SSL_CERT_FILE, value: "/etc/registryproxy/ca/{{ .root.Values.caBundle.key }}" }
        {{- end }}
        {{- with .values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .values.envFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - { name: admin, containerPort: 5001 }
        {{- if eq .part "silo" }}
        - { name: silo, containerPort: 11111 }
        - { name: gateway, containerPort: 30000 }
        {{- else }}
        - { name: data, containerPort: 5000 }
        {{- if include "registryproxy.peers" .root }}
        - { name: peer, containerPort: 5002 }
        {{- end }}
        {{- end }}
      startupProbe:
        httpGet: { path: /livez, port: admin }
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /livez, port: admin }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: admin }
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 2
      {{- if eq .part "gateway" }}
      lifecycle:
        # Until no node sends anything here any more; then the gateway drains.
        preStop: { exec: { command: [sleep, "5"] } }
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        {{- with .values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        - { name: config, mountPath: /etc/registryproxy/config, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        {{- range $index, $name := include "registryproxy.secrets" . | fromJsonArray }}
        - { name: secret-{{ $index }}, mountPath: /etc/registryproxy/secrets/{{ $name }}, readOnly: true }
        {{- end }}
        {{- if and (eq .part "gateway") .values.cache.enabled }}
        - { name: cache, mountPath: /var/cache/registryproxy }
        {{- end }}
        {{- if include "registryproxy.caBundle" .root }}
        - { name: ca, mountPath: /etc/registryproxy/ca, readOnly: true }
        {{- end }}
    {{- with .values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- with .values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with include "registryproxy.caBundle" .root }}
    - name: ca
      {{- . | nindent 6 }}
    {{- end }}
    - name: config
      configMap: { name: {{ include "registryproxy.name" .root }}-{{ .part }} }
    - name: tmp
      emptyDir: {}
    {{- range $index, $name := include "registryproxy.secrets" . | fromJsonArray }}
    - name: secret-{{ $index }}
      secret: { secretName: {{ $name }}, defaultMode: 0440 }
    {{- end }}
    {{- if and (eq .part "gateway") .values.cache.enabled }}
    - name: cache
      {{- if (.values.cache.persistent).enabled }}
      # A claim of each pod's own, which ends with it: what it held is downloaded again.
      ephemeral:
        volumeClaimTemplate:
          spec:
            accessModes: [ReadWriteOnce]
            {{- with .values.cache.persistent.storageClassName }}
            storageClassName: {{ . }}
            {{- end }}
            resources: { requests: { storage: {{ .values.cache.volumeSize }} } }
      {{- else }}
      emptyDir: { sizeLimit: {{ .values.cache.volumeSize }} }
      {{- end }}
    {{- end }}
{{- end }}
