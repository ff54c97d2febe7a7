{{/* What objects in the release's namespace are called. */}}
{{- define "clusterwright.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "clusterwright.fullname" -}}
{{- $name := include "clusterwright.name" . -}}
{{- $release := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $release .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* What objects without a namespace are called, so that two releases of one name do not share them. */}}
{{- define "clusterwright.clusterwide" -}}
{{- printf "%s.%s" (include "clusterwright.fullname" .) .Release.Namespace -}}
{{- end -}}

{{- define "clusterwright.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "clusterwright.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "clusterwright.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* By these the pods are found; they never change. */}}
{{- define "clusterwright.selector" -}}
app.kubernetes.io/name: {{ include "clusterwright.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "clusterwright.labels" -}}
{{ include "clusterwright.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* What outlives the release is not Helm's to delete. */}}
{{- define "clusterwright.kept" -}}
{{- if .Values.crds.keep -}}
helm.sh/resource-policy: keep
{{- end -}}
{{- end -}}

{{/* What the restricted level of pod security asks for, and a file system that nobody writes to. */}}
{{- define "clusterwright.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.runAsUser }}
runAsUser: {{ int64 . }}
runAsGroup: {{ int64 . }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "clusterwright.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The rest of a pod that runs the program once, with other arguments. */}}
{{- define "clusterwright.errand" -}}
{{- $values := .context.Values -}}
restartPolicy: Never
securityContext: {{- include "clusterwright.podSecurity" .context | nindent 2 }}
{{- with $values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 0 }}
{{- end }}
containers:
- name: {{ .name }}
  image: {{ include "clusterwright.image" .context }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  args: {{- toYaml .args | nindent 2 }}
  resources: {{- toYaml $values.resources | nindent 4 }}
  securityContext: {{- include "clusterwright.containerSecurity" . | nindent 4 }}
{{- with $values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{- toYaml . | nindent 0 }}
{{- end }}
{{- end -}}

{{/* What makes an object one that helps to take the definitions away; it is given its place in their order. */}}
{{- define "clusterwright.removalHook" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* Refuses a second release in the namespace: they would share records and Lease, and one of them would do nothing. */}}
{{- define "clusterwright.alone" -}}
{{- range (lookup "apps/v1" "Deployment" .Release.Namespace "").items }}
{{- $labels := default dict .metadata.labels -}}
{{- $other := index $labels "app.kubernetes.io/instance" | default "" -}}
{{- if and (hasPrefix (printf "%s-" $.Chart.Name) (index $labels "helm.sh/chart" | default "")) (ne $other $.Release.Name) }}
{{- fail (printf "Release %s of this chart is in namespace %s already, and there is one for each namespace. Add the namespaces that it is to look after to its watchNamespaces, or install %s into another namespace, with --set crds.enabled=false." $other $.Release.Namespace $.Release.Name) }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Those of the namespaces in "names" in which something can be made, one a line: all, where the API server cannot be asked. */}}
{{- define "clusterwright.present" -}}
{{- $asked := lookup "v1" "Namespace" "" "kube-system" -}}
{{- range .names }}
{{- $there := lookup "v1" "Namespace" "" . -}}
{{- if or (not $asked) (and $there (ne (dig "status" "phase" "" $there) "Terminating")) }}
- {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What the operator needs in the namespaces that it looks after. */}}
{{- define "clusterwright.watchedRules" -}}
# Credentials and passwords are read by name; connection Secrets are written. Nothing here lists or watches Secrets.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, update, delete]
# A private authority's certificates.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end -}}
