namespace pawl::io { }
