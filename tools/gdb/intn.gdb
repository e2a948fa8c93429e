# SPDX-License-Identifier: MIT
# Lab intn: stops when the door gives intn_site another vector. The store
# goes to `alias`, a writable view of the frame that intn_site lies in;
# intn_site itself stays read-only.

define show_site
    x/2xb &intn_site
    x/i &intn_site
end

break text_write if site == (void *)&intn_site
continue
delete
printf "before: %02x %02x\n", *(unsigned char *)&intn_site, \
    *((unsigned char *)&intn_site + 1)
show_site

tbreak door_store
continue
printf "store: %d bytes to alias %p\n", len, alias
finish
printf "after: %02x %02x\n", *(unsigned char *)&intn_site, \
    *((unsigned char *)&intn_site + 1)
show_site

# Now the INT itself: stepi from here leads into the stub of its vector.
tbreak *&intn_site
continue
x/i $pc
stepi
x/2i $pc
