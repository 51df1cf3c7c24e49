package dev.drover.system.layers.broken.journal;

abstract class AbstractRecordBase {}
