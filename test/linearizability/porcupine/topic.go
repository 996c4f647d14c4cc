package main

import (
	"sort"
	"strings"

	"github.com/anishathalye/porcupine"
)

// A topic under one name. Comparable, so that porcupine can tell states apart: configs and ids are texts.
type topic struct {
	isThere bool
	// Empty while nobody has been told it.
	id         string
	partitions int
	configs    string
	// The ids of topics of this name that are no more, each with a blank before and after.
	gone string
}

var topics = porcupine.Model{
	Partition: byKey(func(asked input) string { return asked.Topic }),
	Init:      func() interface{} { return topic{} },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		now, asked, told := state.(topic), in.(input), out.(*output)
		if now.isThere {
			return now.after(asked, told)
		}
		return now.whileAbsent(asked, told)
	},
}

func (now topic) whileAbsent(asked input, told *output) (bool, interface{}) {
	if asked.Kind != "create" {
		return told.is("unknown-topic"), now
	}
	next := topic{isThere: true, partitions: asked.Partitions, gone: now.gone}
	if told != nil {
		next.id = told.TopicID
	}
	return told.is("created") && !now.hadID(next.id), next
}

func (now topic) after(asked input, told *output) (bool, interface{}) {
	next := now
	switch asked.Kind {
	case "create":
		return told.is("exists"), now
	case "delete":
		return told.is("deleted"), topic{gone: now.gone + " " + now.id + " "}
	case "grow":
		if asked.Partitions <= now.partitions {
			return told.is("not-more"), now
		}
		next.partitions = asked.Partitions
		return told.is("grown"), next
	case "set-config":
		next.configs = withConfig(now.configs, asked.Name, asked.Value)
		return told.is("config-set"), next
	case "describe":
		return now.described(told)
	default:
		return told == nil || (told.is("config") && sameText(told.Value, now.config(asked.Name))), now
	}
}

func (now topic) described(told *output) (bool, interface{}) {
	if told == nil {
		return true, now
	}
	next := now
	if now.id == "" && !now.hadID(told.TopicID) {
		next.id = told.TopicID
	}
	return told.is("described") && told.Partitions == now.partitions && told.TopicID == next.id, next
}

func (told *output) is(kind string) bool { return told == nil || told.Kind == kind }

func (now topic) hadID(id string) bool {
	return id != "" && strings.Contains(now.gone, " "+id+" ")
}

// The value of a config, or nil.
func (now topic) config(name string) *string {
	for _, line := range strings.Split(now.configs, "\n") {
		if key, value, found := strings.Cut(line, "="); found && key == name {
			return &value
		}
	}
	return nil
}

// One line for each config, in order.
func withConfig(configs, name, value string) string {
	lines := []string{name + "=" + value}
	for _, line := range strings.Split(configs, "\n") {
		if line != "" && !strings.HasPrefix(line, name+"=") {
			lines = append(lines, line)
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func sameText(one, other *string) bool {
	if one == nil || other == nil {
		return one == other
	}
	return *one == *other
}
