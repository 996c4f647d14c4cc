// Asks porcupine (github.com/anishathalye/porcupine) whether histories are linearizable. It reads one history a line,
// as JSON, on its standard input, and answers with one word a line. The models are written again here, so that a
// mistake in those of TypeScript is seen.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

// As long as one history may take. Those that are compared take some milliseconds.
const patience = 20 * time.Second

// The longest line, in bytes.
const lineMax = 16 << 20

type history struct {
	Model      string      `json:"model"`
	Operations []operation `json:"operations"`
}

// An operation as it is asked for and answered. What is not answered has neither return nor output.
type operation struct {
	Client int     `json:"client"`
	Call   int64   `json:"call"`
	Return *int64  `json:"return"`
	Input  input   `json:"input"`
	Output *output `json:"output"`
}

func main() {
	models := map[string]porcupine.Model{"register": registers, "topic": topics}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, lineMax)
	for lines.Scan() {
		var asked history
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fail(err)
		}
		model, known := models[asked.Model]
		if !known {
			fail(fmt.Errorf("no model %q", asked.Model))
		}
		fmt.Println(verdict(model, asked.Operations))
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func verdict(model porcupine.Model, operations []operation) string {
	calls := make([]porcupine.Operation, 0, len(operations))
	for _, each := range operations {
		returned := int64(math.MaxInt64)
		if each.Return != nil {
			returned = *each.Return
		}
		calls = append(calls, porcupine.Operation{
			ClientId: each.Client,
			Input:    each.Input,
			Call:     each.Call,
			Output:   each.Output,
			Return:   returned,
		})
	}
	switch porcupine.CheckOperationsTimeout(model, calls, patience) {
	case porcupine.Ok:
		return "linearizable"
	case porcupine.Illegal:
		return "not-linearizable"
	default:
		return "too-long"
	}
}

// byKey deals the operations to the keys that they touch.
func byKey(keyOf func(input) string) func([]porcupine.Operation) [][]porcupine.Operation {
	return func(all []porcupine.Operation) [][]porcupine.Operation {
		keys := map[string][]porcupine.Operation{}
		for _, each := range all {
			key := keyOf(each.Input.(input))
			keys[key] = append(keys[key], each)
		}
		var parts [][]porcupine.Operation
		for _, part := range keys {
			parts = append(parts, part)
		}
		return parts
	}
}
