namespace pawl::journal { }
