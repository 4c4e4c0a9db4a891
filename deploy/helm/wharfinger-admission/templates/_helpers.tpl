{{- define "wa.name" -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "wa.selector" -}}
app.kubernetes.io/name: wharfinger-admission
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "wa.labels" -}}
{{ include "wa.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "wa.tlsSecret" -}}
{{ if eq .Values.tls.mode "secret" }}{{ required "tls.secret names the Secret with tls.crt and tls.key" .Values.tls.secret }}{{ else }}{{ include "wa.name" . }}-tls{{ end }}
{{- end }}

{{- define "wa.exempt" -}}
{{ concat (list .Release.Namespace) .Values.exemptNamespaces | uniq | toJson }}
{{- end }}

{{/* Part of a webhook that both have. Called with the root and the authority as base64. */}}
{{- define "wa.webhook" -}}
admissionReviewVersions: [v1]
sideEffects: None
# what cannot be decided is not created
failurePolicy: Fail
matchPolicy: Equivalent
timeoutSeconds: {{ .root.Values.timeoutSeconds }}
# The API server itself sets this label to the name of the namespace: nobody can opt out by editing labels.
namespaceSelector:
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: {{ include "wa.exempt" .root }}
# Neither deletion nor the scale and status subresources: they bring in no image.
rules:
  - apiGroups: ['']
    apiVersions: [v1]
    resources: [pods, pods/ephemeralcontainers, replicationcontrollers, podtemplates]
    operations: [CREATE, UPDATE]
    scope: Namespaced
  - apiGroups: [apps]
    apiVersions: [v1]
    resources: [deployments, replicasets, statefulsets, daemonsets]
    operations: [CREATE, UPDATE]
    scope: Namespaced
  - apiGroups: [batch]
    apiVersions: [v1]
    resources: [jobs, cronjobs]
    operations: [CREATE, UPDATE]
    scope: Namespaced
{{- range .root.Values.podTemplates }}
  - apiGroups: [{{ .group | quote }}]
    apiVersions: [{{ required "podTemplates: give each its version" .version | quote }}]
    resources: [{{ required "podTemplates: give each its resource" .resource | quote }}]
    operations: [CREATE, UPDATE]
    scope: Namespaced
{{- end }}
{{- end }}
