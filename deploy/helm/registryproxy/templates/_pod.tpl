{{/* What the pods of silos and gateways share: .root, .part (silo or gateway), .values of the part. */}}
{{- define "registryproxy.pod" -}}
metadata:
  labels:
    {{- include "registryproxy.labels" . | nindent 4 }}
  annotations:
    registryproxy.dev/fixed: {{ include "registryproxy.fixed" .root | sha256sum }}
    {{- with .values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "registryproxy.name" .root }}-{{ .part }}
  automountServiceAccountToken: {{ eq .root.Values.cluster.provider "kubernetes" }}
  terminationGracePeriodSeconds: 80
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
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "registryproxy.selector" . | nindent 10 }}
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
        {{- with .values.env }}
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
        - { name: config, mountPath: /etc/registryproxy/config, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        {{- range $index, $name := include "registryproxy.secrets" . | fromJsonArray }}
        - { name: secret-{{ $index }}, mountPath: /etc/registryproxy/secrets/{{ $name }}, readOnly: true }
        {{- end }}
        {{- if and (eq .part "gateway") .values.cache.enabled }}
        - { name: cache, mountPath: /var/cache/registryproxy }
        {{- end }}
  volumes:
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
      emptyDir: { sizeLimit: {{ .values.cache.volumeSize }} }
    {{- end }}
{{- end }}
