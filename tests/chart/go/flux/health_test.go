// Package flux evaluates deploy/gitops/flux-kustomization.yaml as Flux does: the same CEL, in the same order, on McpTokens in every state.
package flux

import (
	"os"
	"testing"

	"github.com/google/cel-go/cel"
	"sigs.k8s.io/yaml"
)

type expressions struct {
	Kind, InProgress, Failed, Current string
}

func shipped(t *testing.T) expressions {
	t.Helper()
	text, err := os.ReadFile("../../../../deploy/gitops/flux-kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var kustomization struct {
		Spec struct{ HealthCheckExprs []expressions }
	}
	if err := yaml.Unmarshal(text, &kustomization); err != nil {
		t.Fatal(err)
	}
	if len(kustomization.Spec.HealthCheckExprs) != 1 || kustomization.Spec.HealthCheckExprs[0].Kind != "McpToken" {
		t.Fatalf("expressions for one McpToken, not %v", kustomization.Spec.HealthCheckExprs)
	}
	return kustomization.Spec.HealthCheckExprs[0]
}

// What Flux makes of an object: the first of inProgress, failed and current that is true; none of them: it waits.
func (e expressions) health(t *testing.T, object map[string]any) string {
	t.Helper()
	environment, err := cel.NewEnv(cel.Variable("metadata", cel.DynType), cel.Variable("status", cel.DynType))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct{ name, text string }{{"in progress", e.InProgress}, {"failed", e.Failed}, {"current", e.Current}} {
		compiled, issues := environment.Compile(one.text)
		if issues.Err() != nil {
			t.Fatalf("%s: %v", one.name, issues.Err())
		}
		program, err := environment.Program(compiled)
		if err != nil {
			t.Fatal(err)
		}
		value, _, err := program.Eval(object)
		if err != nil {
			t.Fatalf("%s: %v", one.name, err)
		}
		if value.Value() == true {
			return one.name
		}
	}
	return "in progress"
}

func token(status, reason string, seen int) map[string]any {
	condition := func(kind string, values ...any) map[string]any {
		return map[string]any{"type": kind, "status": values[0], "reason": values[1], "observedGeneration": seen}
	}
	return map[string]any{
		"metadata": map[string]any{"generation": 2},
		"status":   map[string]any{"conditions": []any{condition("SecretReady", "True", "SecretWritten"), condition("Ready", status, reason)}},
	}
}

func TestFluxWaitsWhereItHelpsAndFailsAtOnceWhereItDoesNot(t *testing.T) {
	shipped := shipped(t)
	for name, one := range map[string]struct {
		object map[string]any
		health string
	}{
		"new":                   {map[string]any{"metadata": map[string]any{"generation": 1}, "status": map[string]any{}}, "in progress"},
		"ready":                 {token("True", "Ready", 2), "current"},
		"changed since":         {token("True", "Ready", 1), "in progress"},
		"refused, then changed": {token("False", "NotPermitted", 1), "in progress"},
		"suspended":             {token("False", "Suspended", 2), "current"},
		"Postgres away":         {token("False", "DatabaseUnavailable", 2), "in progress"},
		"being deleted":         {token("False", "Deleting", 2), "in progress"},
		"not known yet":         {token("Unknown", "Pending", 2), "in progress"},
		"not permitted":         {token("False", "NotPermitted", 2), "failed"},
		"expired":               {token("False", "Expired", 2), "failed"},
		"revoked in Aurora":     {token("False", "RevokedInAurora", 2), "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			if health := shipped.health(t, one.object); health != one.health {
				t.Errorf("%s, not %s", health, one.health)
			}
		})
	}
}
