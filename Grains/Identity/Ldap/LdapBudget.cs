namespace RegistryProxy.Grains.Identity.Ldap;

/// <summary>
/// What a directory may send for one login, over all operations together. It is bytes, not entries, that a hostile server counts in.
/// </summary>
internal sealed class LdapBudget
{
    /// <summary>Bytes for one login: a thousand groups with names of a kilobyte.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Entries and references for one login.</summary>
    public const int MaxEntries = 2000;

    /// <summary>Values of attributes for one login.</summary>
    public const int MaxValues = 4000;

    private long _bytes = MaxBytes;
    private int _entries = MaxEntries;
    private int _values = MaxValues;

    /// <summary>A message of this length comes.</summary>
    /// <exception cref="LdapExcessException">It is too much.</exception>
    public void TakeBytes(long bytes) => Check((_bytes -= bytes) >= 0, $"{MaxBytes >> 20} MiB");

    /// <exception cref="LdapExcessException">It is too much.</exception>
    public void TakeEntry() => Check(--_entries >= 0, $"{MaxEntries} entries");

    /// <exception cref="LdapExcessException">It is too much.</exception>
    public void TakeValue() => Check(--_values >= 0, $"{MaxValues} values");

    private static void Check(bool isWithin, string limit)
    {
        if (!isWithin)
        {
            throw new LdapExcessException(limit);
        }
    }
}

/// <summary>A directory sends more than is read for one login.</summary>
internal sealed class LdapExcessException(string limit) : LdapException($"the directory sends more than {limit} for one login");
