// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// For the model checker. Every public function is a step anybody may take, in any order and with any arguments; each
// contract has only the state its rule needs, and its twin is the same machine with one guard missing. Conditions stand in
// expressions, not in branches and calls, each of which multiplies the solver's work.

/// @title BookOnce
/// @notice One slot of the energy market: whatever books claim it, it is settled or void, once, and void only when it is
/// too late to settle.
/// @dev Steps as in `EnergyExchange`, whose bit of the slot is `_taken`. Time is whether the void deadline has passed. Left
/// out: which slots a book has, prices and orders.
contract BookOnce {
    bool internal _late;
    bool internal _taken;

    // What happened to the slot.
    bool internal _settled;
    bool internal _voided;
    bool internal _twice;

    function passVoidFrom() external {
        _late = true;
    }

    /// @dev `EnergyExchange.settle`, or `LargeBooks.open` through `takeSlots`.
    function settle() external {
        require(!_late && !_taken);
        _twice = _settled || _voided;
        (_taken, _settled) = (true, true);
    }

    function voidBook() external virtual {
        require(_late && !_taken);
        _twice = _settled || _voided;
        (_taken, _voided) = (true, true);
    }

    function checkOnce() external view {
        assert(!_twice && !(_settled && _voided) && (!_voided || _late));
    }
}

/// @title BookOnceRefuted
/// @notice An exchange that voids without looking whether the slot is taken.
contract BookOnceRefuted is BookOnce {
    function voidBook() external override {
        require(_late);
        _twice = _settled || _voided;
        (_taken, _voided) = (true, true);
    }
}

/// @title BookRoot
/// @notice Until the fallback deadline a book is settled only as the operator committed to it, once and before the gate.
/// @dev `MarketOperator.commitBook`, `EnergyExchange.settle` with `_requireRoot` of a market that has an operator. Left out:
/// what a root is made of, the settlement after the fallback deadline, which needs no root.
contract BookRoot {
    bool internal _gateClosed;
    uint256 internal _root;

    // The first root the operator gave, and whether a book of another root was settled.
    uint256 internal _first;
    bool internal _other;

    function passGate() external {
        _gateClosed = true;
    }

    function commitBook(uint256 root) external virtual {
        require(!_gateClosed && _root == 0 && root != 0);
        _first = _first == 0 ? root : _first;
        _root = root;
    }

    function settle(uint256 given) external {
        require(_gateClosed && given != 0 && given == _root);
        _other = given != _first;
    }

    function checkRoot() external view {
        assert(!_other);
    }
}

/// @title BookRootRefuted
/// @notice An operator that may commit again: which of its roots is settled is then its choice.
contract BookRootRefuted is BookRoot {
    function commitBook(uint256 root) external override {
        require(!_gateClosed && root != 0);
        _first = _first == 0 ? root : _first;
        _root = root;
    }
}

/// @title LargeStages
/// @notice A book settled in several transactions: its prices are proven before the void deadline or it is void after it,
/// never both.
/// @dev Stages as in `LargeBooks`, whose slots `takeSlots` gives once; `last` says whether a part was the last one. Left
/// out: the parts, see `LargeParts`, serving them, and counts side by side.
contract LargeStages {
    bool internal _late;
    bool internal _taken;
    bool internal _collecting;
    bool internal _counting;

    // Whether prices were proven, whether it was abandoned: Serving, Voiding.
    bool internal _proven;
    bool internal _abandoned;

    function passVoidFrom() external {
        _late = true;
    }

    function open() external {
        require(!_late && !_taken);
        (_taken, _collecting) = (true, true);
    }

    function collect(bool last) external {
        require(!_late && _collecting);
        (_collecting, _counting) = (!last, last);
    }

    /// @dev `count` with the last part.
    function prove() external {
        require(!_late && _counting);
        (_counting, _proven) = (false, true);
    }

    function abandon() external virtual {
        require(_late && (_collecting || _counting));
        (_collecting, _counting, _abandoned) = (false, false, true);
    }

    function checkStages() external view {
        assert(!(_proven && _abandoned) && (!_abandoned || _late));
    }
}

/// @title LargeStagesRefuted
/// @notice A book that may be abandoned in any stage: what was served would be given back again.
contract LargeStagesRefuted is LargeStages {
    function abandon() external override {
        require(_late && _taken);
        (_collecting, _counting, _abandoned) = (false, false, true);
    }
}

/// @title LargeParts
/// @notice The escrow of a large book that is void: each part gets back what it put in, once, and then nothing is left.
/// @dev `LargeBooks.collect`, `abandon` and `serve` for a book of two parts, served one after the other by `next`. Left out:
/// the ledger, and what trades change on the way back.
contract LargeParts {
    bool internal _voiding;
    uint256 internal _next;
    uint256 internal _escrow;

    // What each part put in; zero while it did not.
    uint256 internal _first;
    uint256 internal _second;

    function collectFirst(uint64 amount) external {
        require(!_voiding && _first == 0);
        _first = amount;
        _escrow += amount;
    }

    function collectSecond(uint64 amount) external {
        require(!_voiding && _second == 0);
        _second = amount;
        _escrow += amount;
    }

    function abandon() external {
        require(!_voiding);
        _voiding = true;
    }

    function serveFirst() external virtual {
        require(_voiding && _next == 0);
        _next = 1;
        _escrow -= _first;
    }

    function serveSecond() external {
        require(_voiding && _next == 1);
        _next = 2;
        _escrow -= _second;
    }

    function checkEscrow() external view {
        assert(_escrow == (_next == 0 ? _first : 0) + (_next < 2 ? _second : 0));
    }
}

/// @title LargePartsRefuted
/// @notice Parts that are given back while others are still collected.
contract LargePartsRefuted is LargeParts {
    function serveFirst() external override {
        require(_next == 0);
        _next = 1;
        _escrow -= _first;
    }
}

/// @title OperatorBond
/// @notice The operator's bond: every unit stands, or went for an omission or a withdrawal.
/// @dev `MarketOperator.depositBond`, `withdrawBond` and `_payOwner`. Left out: the evidence, and the time a withdrawal
/// waits, which is in `EnergyTiming`.
contract OperatorBond {
    uint256 internal constant SLASH = 1000;

    uint256 internal _bond;
    uint256 internal _in;
    uint256 internal _out;

    function depositBond(uint64 amount) external {
        _bond += amount;
        _in += amount;
    }

    function withdrawBond(uint64 announced) external {
        uint256 amount = announced < _bond ? announced : _bond;
        _bond -= amount;
        _out += amount;
    }

    function proveOmission() external virtual {
        uint256 amount = SLASH < _bond ? SLASH : _bond;
        _bond -= amount;
        _out += amount;
    }

    function checkBond() external view {
        assert(_bond + _out == _in);
    }
}

/// @title OperatorBondRefuted
/// @notice An operator's contract that pays the whole sum whatever the bond is.
contract OperatorBondRefuted is OperatorBond {
    function proveOmission() external override {
        uint256 amount = SLASH < _bond ? SLASH : _bond;
        _bond -= amount;
        _out += SLASH;
    }
}

/// @title EnergyTiming
/// @notice What withdrawals wait for: no money of an account and no bond leaves while somebody may still count on it.
/// @dev Seconds; the sums are those of `EnergyAccounts.withdraw` and `reservedMicro`, of `BookClearing._times` with the
/// constructor's condition on the delays, and of `MarketOperator._checkReceipt` and `announceBondWithdrawal`.
contract EnergyTiming {
    /// @notice A withdrawal that a book does not reckon with, being announced at its gate or later, is not payable before
    /// the book is void.
    function checkWithdrawal(
        uint32 dayStart,
        uint32 sinceDayStart,
        uint32 lead,
        uint32 voidDelay,
        uint32 withdrawalDelay,
        uint64 announcedAt,
        uint64 paidAt
    ) external pure {
        require(sinceDayStart < 1 days && dayStart > lead);
        require(withdrawalDelay >= uint256(voidDelay) + 1 days + lead);
        require(announcedAt >= uint256(dayStart) + sinceDayStart - lead);
        require(paidAt >= uint256(announcedAt) + withdrawalDelay);
        assert(paidAt >= uint256(dayStart) + 1 days + voidDelay);
    }

    /// @notice Bond whose withdrawal was announced after a receipt was given, at most 36 hours before the gate, stands until
    /// the omission can be proven no more.
    function checkReceipt(
        uint64 gate,
        uint64 receiptAt,
        uint32 challenge,
        uint64 announcedAt,
        uint64 withdrawnAt
    ) external pure {
        require(receiptAt <= gate && gate - receiptAt <= 36 hours && announcedAt >= receiptAt);
        require(withdrawnAt >= uint256(announcedAt) + challenge + 36 hours);
        assert(withdrawnAt >= uint256(gate) + challenge);
    }
}

/// @title EnergyTimingRefuted
/// @notice A delay of withdrawals that forgets how long before the day a gate may close.
contract EnergyTimingRefuted {
    function checkWithdrawal(
        uint32 dayStart,
        uint32 lead,
        uint32 voidDelay,
        uint32 withdrawalDelay,
        uint64 announcedAt,
        uint64 paidAt
    ) external pure {
        require(dayStart > lead);
        require(withdrawalDelay >= uint256(voidDelay) + 1 days);
        require(announcedAt >= uint256(dayStart) - lead);
        require(paidAt >= uint256(announcedAt) + withdrawalDelay);
        assert(paidAt >= uint256(dayStart) + 1 days + voidDelay);
    }
}

/// @title MeterOnce
/// @notice One place of a meter's ring, in which every sixteenth day is kept: the values of a day are never replaced.
/// @dev `MeterRegistry.post`; day 16 is watched, and nothing depends on which. Left out: the signature, the caps, days that are not over.
contract MeterOnce {
    uint256 internal constant WATCHED = 16;

    uint256 internal _word;

    // How often the watched day was written.
    bool internal _written;
    bool internal _again;

    function post(uint32 day) external virtual {
        require(_word == 0 || _word < day);
        _again = _again || (_written && day == WATCHED);
        _written = _written || day == WATCHED;
        _word = day;
    }

    function checkOnce() external view {
        assert(!_again);
    }
}

/// @title MeterOnceRefuted
/// @notice A registry that takes a day again while it is the newest.
contract MeterOnceRefuted is MeterOnce {
    function post(uint32 day) external override {
        require(_word == 0 || _word <= day);
        _again = _again || (_written && day == WATCHED);
        _written = _written || day == WATCHED;
        _word = day;
    }
}

/// @title DeviationsOnce
/// @notice The deviations of one account in one book: paid at most once, whether in one transaction, in parts or late.
/// @dev `EnergyBalancing.settle`, `sum` with its last part, `payPart` and `settleLate`. Accounts ascend, so one stands in
/// one part at most: `payOwn` is that part, `payLast` says that all parts are paid, whose order is anybody's. Left out: the
/// sums, and the parts without the account.
contract DeviationsOnce {
    bool internal _summed;
    bool internal _ownTaken;
    bool internal _closed;
    bool internal _accountPaid;
    bool internal _twice;

    function settle(bool has) external {
        require(!_summed && !_closed);
        _closed = true;
        _twice = _twice || (has && _accountPaid);
        _accountPaid = _accountPaid || has;
    }

    /// @dev With `without`, no part has the account, and there is no part of its own to pay.
    function sum(bool without) external {
        require(!_summed && !_closed);
        (_summed, _ownTaken) = (true, without);
    }

    function payOwn() external {
        require(_summed && !_closed && !_ownTaken);
        (_ownTaken, _twice, _accountPaid) = (true, _twice || _accountPaid, true);
    }

    function payLast() external {
        require(_summed && !_closed && _ownTaken);
        _closed = true;
    }

    function settleLate() external virtual {
        require(_closed && !_accountPaid);
        (_twice, _accountPaid) = (_twice || _accountPaid, true);
    }

    function checkOnce() external view {
        assert(!_twice);
    }
}

/// @title DeviationsOnceRefuted
/// @notice Late settlement while parts are still being paid.
contract DeviationsOnceRefuted is DeviationsOnce {
    function settleLate() external override {
        require((_summed || _closed) && !_accountPaid);
        (_twice, _accountPaid) = (_twice || _accountPaid, true);
    }
}

/// @title TickPlace
/// @notice One account's place in the tick book, reused every 384 slots: an order's place is not taken before what it
/// locked is released.
/// @dev `TickBook.place`, `clear` and `claim`; `later` is the next slot of the same place, which needs the former cleared.
/// Left out: levels, fills and money.
contract TickPlace {
    bool internal _standing;
    bool internal _cleared;
    bool internal _claimed;
    bool internal _old;

    // Whether an order was overwritten before it was claimed.
    bool internal _lost;

    function place() external virtual {
        require(!_standing || (_old && _claimed));
        _lost = _standing && !_claimed;
        (_standing, _cleared, _claimed, _old) = (true, false, false, false);
    }

    function clear() external {
        _cleared = true;
    }

    function claim() external {
        require(_standing && _cleared && !_claimed);
        _claimed = true;
    }

    function later() external {
        require(_standing && _cleared);
        _old = true;
    }

    function checkPlace() external view {
        assert(!_lost && (!_claimed || _cleared));
    }
}

/// @title TickPlaceRefuted
/// @notice A book that overwrites an order nobody claimed.
contract TickPlaceRefuted is TickPlace {
    function place() external override {
        require(!_standing || _old);
        _lost = _standing && !_claimed;
        (_standing, _cleared, _claimed, _old) = (true, false, false, false);
    }
}

/// @title SessionKeyFrozen
/// @notice Whether a session key signs for a closed book was settled when its gate closed: nobody has a free option.
/// @dev `EnergyAccounts.setSessionKey` and `wasSessionKey` of one key and one gate; `until` and `since` are the stored words.
/// Left out: who owns the account, other keys.
contract SessionKeyFrozen {
    uint256 internal immutable GATE;
    uint256 internal _time;
    uint256 internal _since;
    uint256 internal _until;

    // Whether the gate has closed, and what held then.
    bool internal _closed;
    bool internal _held;

    constructor(uint256 gate) {
        require(gate != 0);
        GATE = gate;
    }

    function pass(uint256 time) external {
        require(time >= _time);
        _held = _closed ? _held : _since < GATE && _until > GATE;
        _closed = _closed || time >= GATE;
        _time = time;
    }

    function give(uint256 until) external virtual {
        require(until > _until && (_until == 0 ? until : _until) > _time);
        _since = _until == 0 ? _time : _since;
        _until = until;
    }

    function take(uint256 until) external virtual {
        require(until <= _until);
        _until = until > _time || _until <= _time ? (until > _time ? until : _until) : _time + 1;
    }

    function checkFrozen() external view {
        assert(!_closed || _held == (_since < GATE && _until > GATE));
    }
}

/// @title SessionKeyFrozenRefuted
/// @notice Accounts that take a key back as of now, which the gate may have passed.
contract SessionKeyFrozenRefuted is SessionKeyFrozen {
    constructor(uint256 gate) SessionKeyFrozen(gate) {}

    function take(uint256 until) external override {
        require(until <= _until);
        _until = until;
    }
}

/// @title NonceFrozen
/// @notice Whether an order's nonce holds for a closed book was settled when its gate closed.
/// @dev `EnergyAccounts.raiseNonce` and `wasNonceValid` of one nonce and one gate; `_current` is the account's nonce.
/// Left out: who owns the account, other nonces.
contract NonceFrozen {
    uint256 internal immutable GATE;
    uint256 internal immutable NONCE;
    uint256 internal _time;
    uint256 internal _current;
    uint256 internal _retiredBefore;
    uint256 internal _retired;

    // Whether the gate has closed, and what held then.
    bool internal _closed;
    bool internal _held;

    constructor(uint256 gate, uint256 nonce) {
        GATE = gate;
        NONCE = nonce;
        _closed = gate == 0;
        _held = nonce == 0;
    }

    function pass(uint256 time) external {
        require(time >= _time);
        _held = _closed ? _held : _valid();
        _closed = _closed || time >= GATE;
        _time = time;
    }

    function raiseNonce() external {
        require(_current < 65535);
        _retiredBefore = _current + 1 == NONCE ? _time : _retiredBefore;
        _retired = _current == NONCE ? _time : _retired;
        _current = _current + 1;
    }

    function checkFrozen() external view {
        assert(!_closed || _held == _valid());
    }

    function _valid() internal view virtual returns (bool) {
        return NONCE <= _current && (NONCE == 0 || _retiredBefore < GATE) && (NONCE == _current || _retired >= GATE);
    }
}

/// @title NonceFrozenRefuted
/// @notice Accounts that ask only when a nonce ended, not when it began.
contract NonceFrozenRefuted is NonceFrozen {
    constructor(uint256 gate, uint256 nonce) NonceFrozen(gate, nonce) {}

    function _valid() internal view override returns (bool) {
        return NONCE <= _current && (NONCE == _current || _retired >= GATE);
    }
}
