namespace RegistryProxy.Grains.Identity.Ldap;

/// <summary>More logins than a directory gets at once; it was not asked.</summary>
internal sealed class LdapBusyException(string message) : LdapException(message);
