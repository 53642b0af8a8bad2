namespace RegistryProxy.Grains.Sessions.Identity;

/// <summary>What an authenticator makes of a user name and password.</summary>
internal enum PasswordVerdict
{
    /// <summary>The password is right.</summary>
    Right,

    /// <summary>The user is known and the password wrong: no other authenticator is asked.</summary>
    Wrong,

    /// <summary>The user is not known here: the next authenticator may know it.</summary>
    Unknown,

    /// <summary>Too much is being checked at this moment.</summary>
    Busy,
}
