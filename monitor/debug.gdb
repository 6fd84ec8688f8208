# For gdb-multiarch build/monitor/monitor/monitor.elf, after `target extended-remote` to a chip that was
# started with -S: takes both cores (or the vault would stand still and never release this one) and
# stops where the monitor begins.
set pagination off
set schedule-multiple on
add-inferior
inferior 2
attach 2
inferior 1
hbreak tatu_monitor_boot
continue
