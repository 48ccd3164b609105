{{/* Refuses values that contradict each other: each message names the way out. */}}
{{- define "redissessions.guard" -}}
{{- $v := .Values }}
{{- $replicas := include "redissessions.replicas" . | int }}
{{- if and $v.autoscaling.enabled (not (kindIs "invalid" $v.replicaCount)) }}
{{- fail "replicaCount and autoscaling.enabled contradict each other: leave out replicaCount, or turn the autoscaler off" }}
{{- end }}
{{- if and $v.autoscaling.enabled (gt ($v.autoscaling.minReplicas | int) ($v.autoscaling.maxReplicas | int)) }}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas" }}
{{- end }}
{{- if and $v.autoscaling.enabled (not (dig "requests" "cpu" "" $v.resources)) }}
{{- fail "autoscaling.enabled needs resources.requests.cpu: its target is a percentage of that" }}
{{- end }}
{{- if eq $v.session.store "memory" }}
{{- if and (or $v.autoscaling.enabled (gt $replicas 1)) (not $v.session.iKnowThisLosesSessions) }}
{{- fail "session.store=memory with more than one instance loses sessions: use another store, replicaCount=1, or say session.iKnowThisLosesSessions=true" }}
{{- end }}
{{- else if and (not $v.redis.enabled) (not $v.externalRedis.nodes) (not $v.cloudFoundry.existingSecret) }}
{{- fail "session.store needs a Redis: set redis.enabled=true, or name one in externalRedis.nodes" }}
{{- end }}
{{- if and $v.redis.enabled $v.externalRedis.nodes }}
{{- fail "redis.enabled and externalRedis.nodes contradict each other: which Redis?" }}
{{- end }}
{{- if and (eq $v.externalRedis.mode "sentinel") $v.externalRedis.nodes (not $v.externalRedis.sentinelName) }}
{{- fail "externalRedis.mode=sentinel needs externalRedis.sentinelName" }}
{{- end }}
{{- $durability := include "redissessions.durability" . }}
{{- $replicated := include "redissessions.replicated" . }}
{{- if and $v.redis.enabled (hasPrefix "replicas:" $durability) (not $replicated) }}
{{- fail (printf "redis.durability=%s waits for replicas that redis.mode=standalone doesn't have, so no visit would be acknowledged: use redis.mode=sentinel, or redis.durability=disk" $durability) }}
{{- end }}
{{- if and (not $v.redis.enabled) (or $v.externalRedis.tls.enabled $v.externalRedis.tls.existingSecret $v.externalRedis.tls.clientSecret) (not $v.externalRedis.nodes) }}
{{- fail "externalRedis.tls needs externalRedis.nodes: TLS to whom?" }}
{{- end }}
{{- if and $replicated $v.cloudFoundry.enabled (not $v.cloudFoundry.existingSecret) }}
{{- fail "cloudFoundry.enabled binds one Redis, and VCAP_SERVICES can't name the three of redis.mode=sentinel: use redis.mode=standalone, or turn Cloud Foundry's environment off" }}
{{- end }}
{{- if and $v.redis.enabled (eq $durability "disk") (not $v.redis.persistence.enabled) }}
{{- fail "redis.durability=disk promises what redis.persistence.enabled=false can't keep: turn persistence on, or use redis.durability=primary" }}
{{- end }}
{{- if and $v.cloudFoundry.enabled (not $v.cloudFoundry.existingSecret) }}
{{- if not $v.redis.enabled }}
{{- fail "cloudFoundry.enabled with an external Redis needs cloudFoundry.existingSecret, whose key VCAP_SERVICES binds it" }}
{{- end }}
{{- if $v.redis.existingSecret }}
{{- fail "cloudFoundry.enabled with redis.existingSecret needs cloudFoundry.existingSecret, too: the chart doesn't know the password for VCAP_SERVICES" }}
{{- end }}
{{- end }}
{{- if and $v.ingress.enabled $v.ingress.tls.enabled (not $v.ingress.host) }}
{{- fail "ingress.tls.enabled needs ingress.host: a certificate of which name?" }}
{{- end }}
{{- if and $v.httpRoute.enabled (not $v.httpRoute.parentRefs) }}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs: the Gateway that takes the route" }}
{{- end }}
{{- if and (ne $v.service.type "NodePort") (not (kindIs "invalid" $v.service.nodePort)) }}
{{- fail "service.nodePort needs service.type=NodePort" }}
{{- end }}
{{- $needed := add $v.drainSeconds 2 (div (add ($v.session.deadlineMs | int) 999) 1000) }}
{{- if le ($v.terminationGracePeriodSeconds | int) ($needed | int) }}
{{- fail (printf "terminationGracePeriodSeconds must be more than %d (drainSeconds, session.deadlineMs and 2 s): requests in flight would be cut" $needed) }}
{{- end }}
{{- end }}
