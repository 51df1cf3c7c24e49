/**
 * The long runs: a replica that follows, a replay, a gateway with its own replica, each wired from
 * the modules' ports. Used by the verbs. Start with {@link dev.drover.cli.replica.ApplyRun}.
 */
package dev.drover.cli.replica;
