// Keeps the part of the address that a form does not send: which view is wanted.
if (location.hash.startsWith("#/")) sessionStorage.setItem("place", location.hash);
