// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title OrderLife
/// @notice The states and levels of one slot of WorkOrders, order after order.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments. Time is an
/// argument that never runs backwards.
contract OrderLife {
    uint8 private constant NONE = 0;
    uint8 private constant ASSIGNED = 2;
    uint8 private constant ACCEPTED = 3;
    uint8 private constant ON_SITE = 4;
    uint8 private constant WORKING = 5;
    uint8 private constant ON_HOLD = 6;
    uint8 private constant VERIFYING = 7;
    uint8 private constant RESTORED = 8;
    uint8 private constant DISPUTED = 9;
    uint8 private constant CLOSED = 10;
    uint8 private constant SELF_CLEARED = 11;

    uint8 private _state;
    uint8 private _level;
    uint8 private _highest;
    uint64 private _now;
    uint64 private _claimedAt;
    uint64 private _provenAt;

    function pass(uint32 time) external {
        _now += time;
    }

    function open(bool onDuty) external {
        require(!_isLive() && _state != RESTORED);
        _begin(onDuty);
    }

    function accept() external {
        require(_state == ASSIGNED);
        _state = ACCEPTED;
    }

    function arrive() external {
        require(_state == ASSIGNED || _state == ACCEPTED);
        _state = ON_SITE;
    }

    function start() external {
        require(_state == ON_SITE);
        _state = WORKING;
    }

    function hold() external {
        require(_state == WORKING);
        _state = ON_HOLD;
    }

    function resume() external {
        require(_state == ON_HOLD);
        _state = WORKING;
    }

    function claim() external {
        require(_state == ON_SITE || _state == WORKING);
        _state = VERIFYING;
        _claimedAt = _now;
    }

    /// @dev `firstAt` is what the device signed.
    function prove(uint64 firstAt) external {
        require(_state == VERIFYING && firstAt > _claimedAt);
        _state = RESTORED;
        _provenAt = firstAt;
    }

    function disprove(uint64 readAt) external {
        require(_state == VERIFYING && readAt > _claimedAt);
        _state = WORKING;
    }

    function clear() external {
        require(_state >= ASSIGNED && _state <= ON_SITE);
        _state = SELF_CLEARED;
    }

    function escalate() external {
        if (_state == ON_HOLD || _state == VERIFYING) {
            _state = WORKING;
            return;
        }
        require(_state >= ASSIGNED && _state <= WORKING && _level < 5);
        _level += 1;
        if (_level < 5) _state = ASSIGNED;
        if (_level > _highest) _highest = _level;
    }

    function dispute() external {
        require(_state == RESTORED);
        _state = DISPUTED;
    }

    function rule(bool upheld, bool onDuty) external {
        require(_state == DISPUTED);
        _state = CLOSED;
        if (upheld) _begin(onDuty);
    }

    function settle() external {
        require(_state == RESTORED);
        _state = CLOSED;
    }

    /// @notice 02: no state but those of the graph, and a level exactly where there was an order.
    function checkStates() external view {
        assert(_state == NONE || (_state >= ASSIGNED && _state <= SELF_CLEARED));
        assert((_level == 0) == (_state == NONE));
        assert(_level <= 5);
    }

    /// @notice 03: what is restored, disputed or closed was proven by readings dated after the claim.
    function checkProof() external view {
        if (_state >= RESTORED && _state <= CLOSED) assert(_provenAt > _claimedAt);
    }

    /// @notice 07: the level of an order is the highest it ever had.
    function checkLevels() external view {
        assert(_level == _highest);
    }

    function _isLive() private view returns (bool) {
        return (_state >= ASSIGNED && _state <= VERIFYING) || _state == DISPUTED;
    }

    function _begin(bool onDuty) private {
        _state = ASSIGNED;
        _level = onDuty ? 1 : 2;
        _highest = _level;
        _claimedAt = 0;
        _provenAt = 0;
    }
}

/// @title OrderLifeRefuted
/// @notice A claim that any reading proves, also one from before it: the checker must show the hole.
contract OrderLifeRefuted {
    bool private _claimed;
    bool private _restored;
    uint64 private _claimedAt;
    uint64 private _provenAt;

    function claim(uint64 moment) external {
        require(!_claimed);
        _claimed = true;
        _claimedAt = moment;
    }

    function prove(uint64 firstAt) external {
        require(_claimed && !_restored);
        _restored = true;
        _provenAt = firstAt;
    }

    function checkProof() external view {
        if (_restored) assert(_provenAt > _claimedAt);
    }
}

/// @title EscrowLife
/// @notice The money of one agreement: deposits, settlements with penalties, arrears, retainers and draws.
contract EscrowLife {
    uint256 private _deposited;
    uint256 private _drawn;
    uint256 private _escrow;
    uint256 private _bond;
    uint256 private _contractor;
    uint256 private _backup;
    uint256 private _arrears;

    function fund(uint64 amount) external {
        _deposited += amount;
        uint256 escrow = _escrow + amount;
        uint256 paid = _arrears < escrow ? _arrears : escrow;
        _arrears -= paid;
        _contractor += paid;
        _escrow = escrow - paid;
    }

    function postBond(uint64 amount) external {
        _deposited += amount;
        _bond += amount;
    }

    function settle(uint64 fee, uint64 penalty, bool backup) external {
        uint256 earned = fee;
        uint256 rest = penalty;
        if (!backup) {
            uint256 withheld = rest < earned ? rest : earned;
            earned -= withheld;
            rest -= withheld;
        }
        uint256 fromBond = rest < _bond ? rest : _bond;
        _bond -= fromBond;
        uint256 escrow = _escrow + fromBond;
        uint256 paid = earned < escrow ? earned : escrow;
        _escrow = escrow - paid;
        if (backup) _backup += paid;
        else _contractor += paid;
        _arrears += earned - paid;
    }

    function payRetainer(uint64 amount) external {
        require(amount <= _escrow);
        _escrow -= amount;
        _contractor += amount;
    }

    function drawContractor(bool released) external {
        _drawn += _contractor;
        _contractor = 0;
        if (released) {
            _drawn += _bond;
            _bond = 0;
        }
    }

    function drawBackup() external {
        _drawn += _backup;
        _backup = 0;
    }

    function drawOwner() external {
        _drawn += _escrow;
        _escrow = 0;
    }

    /// @notice 05: to the wei, whatever happened in whatever order.
    function checkConservation() external view {
        assert(_escrow + _bond + _contractor + _backup + _drawn == _deposited);
    }
}

/// @title EscrowLifeRefuted
/// @notice A fee that is paid whether the escrow holds it or not, because the bond stands behind it.
contract EscrowLifeRefuted {
    uint256 private _deposited;
    uint256 private _escrow;
    uint256 private _bond;
    uint256 private _contractor;

    function fund(uint64 amount) external {
        _deposited += amount;
        _escrow += amount;
    }

    function postBond(uint64 amount) external {
        _deposited += amount;
        _bond += amount;
    }

    function settle(uint64 fee) external {
        require(fee <= _escrow + _bond);
        _escrow -= fee < _escrow ? fee : _escrow;
        _contractor += fee;
    }

    function checkConservation() external view {
        assert(_escrow + _bond + _contractor == _deposited);
    }
}

/// @title LotteryLife
/// @notice An order closes early only when residents confirmed it and the lot passed it by.
contract LotteryLife {
    bool private _nominated;
    bool private _known;
    bool private _chosen;
    bool private _confirmed;
    bool private _windowOver;
    bool private _closed;
    bool private _early;

    function nominate() external {
        require(!_nominated && !_windowOver && !_closed);
        _nominated = true;
    }

    function draw(bool chosen) external {
        require(_nominated && !_known);
        _known = true;
        _chosen = chosen;
    }

    function confirm() external {
        _confirmed = true;
    }

    function endWindow() external {
        _windowOver = true;
    }

    function settle() external {
        require(!_closed && (_windowOver || (_known && !_chosen && _confirmed)));
        _closed = true;
        _early = !_windowOver;
    }

    function checkEarly() external view {
        if (_early) assert(_nominated && _known && !_chosen && _confirmed);
    }
}

/// @title LotteryLifeRefuted
/// @notice Confirmations alone that close an order.
contract LotteryLifeRefuted {
    bool private _chosen;
    bool private _confirmed;
    bool private _closed;

    function draw(bool chosen) external {
        require(!_closed);
        _chosen = chosen;
    }

    function confirm() external {
        _confirmed = true;
    }

    function settle() external {
        require(_confirmed);
        _closed = true;
    }

    function checkEarly() external view {
        if (_closed) assert(!_chosen);
    }
}
