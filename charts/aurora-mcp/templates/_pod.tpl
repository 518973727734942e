{{/* What both programs' pods have in common; all of it meets the Pod Security level "restricted". */}}

{{- define "aurora-mcp.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "aurora-mcp.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Where the pod runs. Takes .Values.operator or .Values.gateway. */}}
{{- define "aurora-mcp.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* The mounted Secrets. Takes (dict "root" $ "tls" "the Secret with the gateway's certificate, or empty"). */}}
{{- define "aurora-mcp.mounts" -}}
{{- if or .root.Values.aurora.caSecret .tls }}
volumeMounts:
  {{- if .root.Values.aurora.caSecret }}
  - name: ca
    mountPath: /etc/ssl/aurora
    readOnly: true
  {{- end }}
  {{- if .tls }}
  - name: tls
    mountPath: /etc/tls # no subPath: a renewed certificate would not arrive
    readOnly: true
  {{- end }}
{{- end }}
{{- end }}

{{- define "aurora-mcp.volumes" -}}
{{- if or .root.Values.aurora.caSecret .tls }}
volumes:
  {{- with .root.Values.aurora.caSecret }}
  - name: ca
    secret:
      secretName: {{ . }}
  {{- end }}
  {{- with .tls }}
  - name: tls
    secret:
      secretName: {{ . }}
      defaultMode: 0440
  {{- end }}
{{- end }}
{{- end }}
