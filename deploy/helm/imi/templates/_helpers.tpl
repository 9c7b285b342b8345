{{/* What the names of all objects begin with. */}}
{{- define "imi.name" -}}
{{- .Values.nameOverride | default .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "imi.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* A part's values over the common ones, as YAML: dict "root" $ "part" name. (mergeOverwrite would not let `false` or 0 count.) */}}
{{- define "imi.part" -}}
{{- $part := deepCopy .root.Values.common -}}
{{- range $key, $value := index .root.Values.parts .part -}}
{{- if and (kindIs "map" $value) (kindIs "map" (get $part $key)) -}}
{{- range $inner, $given := $value -}}
{{- $_ := set (get $part $key) $inner $given -}}
{{- end -}}
{{- else -}}
{{- $_ := set $part $key $value -}}
{{- end -}}
{{- end -}}
{{- toYaml $part -}}
{{- end -}}

{{/* What selects a component's pods: dict "root" $ "component" name */}}
{{- define "imi.selector" -}}
app.kubernetes.io/name: imi
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "imi.labels" -}}
{{ include "imi.selector" . }}
app.kubernetes.io/part-of: imi
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* The name of a part's Service as others call it; with mutual TLS, a subject alternative name of its certificate. */}}
{{- define "imi.host" -}}
{{ include "imi.name" .root }}-{{ .part }}.{{ .root.Release.Namespace }}.svc
{{- end -}}

{{/* The certificates that may call a part: those of the parts that do, and the further ones it names. */}}
{{- define "imi.peers" -}}
{{- $peers := list -}}
{{- range $name, $other := .root.Values.parts -}}
{{- if has $.part $other.calls -}}
{{- $peers = append $peers (include "imi.host" (dict "root" $.root "part" $name)) -}}
{{- end -}}
{{- end -}}
{{- concat $peers (index .root.Values.parts .part).tlsPeers | join " " -}}
{{- end -}}

{{/* The setting NAME from the Secret of the engines' addresses: dict "secret" name "settings" list */}}
{{- define "imi.engines" -}}
{{- range .settings }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      name: {{ $.secret }}
      key: {{ . }}
{{- end }}
{{- end -}}

{{- define "imi.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
# Files of Secrets belong to this group.
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "imi.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
