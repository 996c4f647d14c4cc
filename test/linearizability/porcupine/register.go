package main

import "github.com/anishathalye/porcupine"

// What is asked of a register or of a topic: the fields that its kind has.
type input struct {
	Kind string `json:"kind"`

	Key      string  `json:"key"`
	Value    string  `json:"value"`
	Expected *string `json:"expected"`

	Topic      string `json:"topic"`
	Partitions int    `json:"partitions"`
	Name       string `json:"name"`
}

// What is answered.
type output struct {
	Kind  string  `json:"kind"`
	Value *string `json:"value"`
	IsSet bool    `json:"isSet"`

	TopicID    string `json:"topicId"`
	Partitions int    `json:"partitions"`
}

// A register that nothing was written to is not there.
type held struct {
	isThere bool
	value   string
}

var registers = porcupine.Model{
	Partition: byKey(func(asked input) string { return asked.Key }),
	Init:      func() interface{} { return held{} },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		return stepRegister(state.(held), in.(input), out.(*output))
	},
}

func stepRegister(now held, asked input, told *output) (bool, interface{}) {
	written := held{isThere: true, value: asked.Value}
	switch asked.Kind {
	case "read":
		return told == nil || now.is(told.Value), now
	case "exchange":
		return told == nil || now.is(told.Value), written
	case "write":
		return true, written
	default:
		isSet := now.is(asked.Expected)
		next := now
		if isSet {
			next = written
		}
		return told == nil || told.IsSet == isSet, next
	}
}

func (now held) is(value *string) bool {
	if value == nil {
		return !now.isThere
	}
	return now.isThere && now.value == *value
}
