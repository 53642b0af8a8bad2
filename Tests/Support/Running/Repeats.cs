namespace RegistryProxy.Tests.Support.Running;

/// <summary>
/// Which tests of a whole run are to be repeated by themselves: those that failed, where they are few. On a machine that a thousand servers
/// are started on beside a test, a failure that is not repeated says something of the machine. It is told all the same.
/// </summary>
internal sealed class Repeats
{
    /// <summary>More failures than this are no accidents, and none is repeated.</summary>
    public const int Most = 5;

    private readonly HashSet<string> _methods = [];
    private bool _isBroken;

    /// <summary>Of each that failed, the full name of its method; none where something else went wrong as well.</summary>
    public IReadOnlyCollection<string> Methods
    {
        get
        {
            lock (_methods)
            {
                return _isBroken || _methods.Count > Most ? [] : [.. _methods];
            }
        }
    }

    /// <summary>A test failed.</summary>
    /// <param name="name">As it is displayed: that of its method, with the values of a theory behind it.</param>
    public void Failed(string name)
    {
        lock (_methods)
        {
            _methods.Add(name.Split('(')[0]);
        }
    }

    /// <summary>Something that is no test failed: a class, a collection or the run, in its preparation or its clean-up.</summary>
    public void Broke()
    {
        lock (_methods)
        {
            _isBroken = true;
        }
    }
}
