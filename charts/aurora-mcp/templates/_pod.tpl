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

{{- define "aurora-mcp.caMount" -}}
{{- if .Values.aurora.caSecret }}
volumeMounts:
  - name: ca
    mountPath: /etc/ssl/aurora
    readOnly: true
{{- end }}
{{- end }}

{{- define "aurora-mcp.caVolume" -}}
{{- with .Values.aurora.caSecret }}
volumes:
  - name: ca
    secret:
      secretName: {{ . }}
{{- end }}
{{- end }}
