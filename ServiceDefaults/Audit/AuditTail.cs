namespace RegistryProxy.ServiceDefaults.Audit;

/// <summary>
/// The newest lines of the audit log of each tenant, in memory, for its administrators. Added to by the writer of the log, beside the
/// requests.
/// </summary>
public sealed class AuditTail(TimeProvider time)
{
    /// <summary>The most lines of a tenant.</summary>
    private const int MaxLines = 2000;

    /// <summary>What the lines of a tenant may weigh, in bytes.</summary>
    private const int MaxTenantBytes = 1024 * 1024;

    /// <summary>What all lines may weigh, in bytes: of the tenant that wrote least lately they go first.</summary>
    private const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>Beside its text.</summary>
    private const int LineOverhead = 100;

    /// <summary>How old a line gets here.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromDays(1);

    /// <summary>How often those are looked for of whom nothing was written.</summary>
    private static readonly TimeSpan Tidying = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, TenantLines> _tenants = [];
    private DateTimeOffset _since = time.GetUtcNow();
    private DateTimeOffset _tidied;
    private long _bytes;

    /// <summary>Adds a line.</summary>
    public void Keep(string tenant, DateTimeOffset at, ReadOnlySpan<byte> line)
    {
        lock (_gate)
        {
            if (!_tenants.TryGetValue(tenant, out var known))
            {
                _tenants[tenant] = known = new TenantLines(_since);
            }

            known.Add(new AuditTailLine(at, line.ToArray()));
            _bytes += line.Length + LineOverhead;
            while (known.Count > MaxLines || known.Bytes > MaxTenantBytes)
            {
                _bytes -= known.DropOldest();
            }

            Tidy(at);
        }
    }

    /// <summary>What there is of a tenant.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="since">Not before.</param>
    public AuditTailLines Read(string tenant, DateTimeOffset since)
    {
        lock (_gate)
        {
            Tidy(time.GetUtcNow());
            return _tenants.TryGetValue(tenant, out var known)
                ? new AuditTailLines(known.Since, [.. known.Lines.Where(line => line.At >= since)])
                : new AuditTailLines(_since, []);
        }
    }

    private void Tidy(DateTimeOffset now)
    {
        if (now - _tidied >= Tidying)
        {
            _tidied = now;
            foreach (var (tenant, lines) in _tenants.ToList())
            {
                while (lines.Count > 0 && now - lines.Oldest > Life)
                {
                    _bytes -= lines.DropOldest();
                }

                Forget(tenant, lines, lines.Count == 0);
            }
        }

        while (_bytes > MaxBytes)
        {
            var (tenant, lines) = _tenants.MinBy(one => one.Value.Newest);
            Forget(tenant, lines, true);
        }
    }

    private void Forget(string tenant, TenantLines lines, bool isGiven)
    {
        if (isGiven)
        {
            _tenants.Remove(tenant);
            _bytes -= lines.Bytes;
            _since = lines.Newest > _since ? lines.Newest : _since;
        }
    }

    private sealed class TenantLines(DateTimeOffset since)
    {
        private readonly Queue<AuditTailLine> _lines = [];

        public IEnumerable<AuditTailLine> Lines => _lines;

        public int Count => _lines.Count;

        public long Bytes { get; private set; }

        /// <summary>Since when nothing of it is lacking.</summary>
        public DateTimeOffset Since { get; private set; } = since;

        public DateTimeOffset Oldest => _lines.Peek().At;

        public DateTimeOffset Newest { get; private set; } = since;

        public void Add(AuditTailLine line)
        {
            _lines.Enqueue(line);
            (Bytes, Newest) = (Bytes + line.Json.Length + LineOverhead, line.At);
        }

        public long DropOldest()
        {
            var line = _lines.Dequeue();
            var weight = line.Json.Length + LineOverhead;
            (Bytes, Since) = (Bytes - weight, line.At);
            return weight;
        }
    }
}

/// <summary>A line of the audit log.</summary>
/// <param name="At">When.</param>
/// <param name="Json">The line, without its end.</param>
public sealed record AuditTailLine(DateTimeOffset At, byte[] Json);

/// <summary>What there is of a tenant.</summary>
/// <param name="Since">After this moment nothing is lacking.</param>
/// <param name="Lines">The oldest first.</param>
public sealed record AuditTailLines(DateTimeOffset Since, IReadOnlyList<AuditTailLine> Lines);
