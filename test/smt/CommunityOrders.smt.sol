// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title OrderStates
/// @notice One slot of WorkOrders, order after order: its states, its steps, and when its money moves.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments. States are
/// numbered as in `OrderState`: 0 none, 2 assigned, 3 accepted, 4 on site, 5 working, 6 on hold, 7 verifying, 8 restored,
/// 9 disputed, 10 closed, 11 self-cleared. 1, open, never outlives a transaction. A refuted repair closes, then the redo opens.
contract OrderStates {
    uint8 private _state;
    /// @dev Of the present order: whether its readings have proven a claim, whether its money has moved, and once more.
    bool private _proven;
    bool private _settled;
    bool private _twice;

    /// @dev The graph of contracts/community/README.md, with escalation, which assigns anew.
    function _leads(uint8 from, uint8 to) private pure returns (bool) {
        if (from == 2) return to == 2 || to == 3 || to == 4 || to == 11;
        if (from == 3) return to == 2 || to == 4 || to == 11;
        if (from == 4) return to == 2 || to == 5 || to == 7 || to == 11;
        if (from == 5) return to == 2 || to == 6 || to == 7;
        if (from == 6) return to == 5;
        if (from == 7) return to == 5 || to == 8;
        if (from == 8) return to == 9 || to == 10;
        return from == 9 && to == 10;
    }

    function _settle() private {
        if (_settled) _twice = true;
        _settled = true;
    }

    function step(uint8 to) external {
        require(_leads(_state, to));
        if (to == 8) _proven = true;
        if (to >= 10) _settle();
        _state = to;
    }

    function open() external {
        require(_state == 0 || _state == 8 || _state >= 10);
        if (_state == 8) _settle();
        (_state, _proven, _settled) = (2, false, false);
    }

    /// @notice 02: restored, disputed and closed come after a proof only, everything before them without one.
    function checkProof() external view {
        assert(_proven == (_state >= 8 && _state <= 10));
    }

    /// @notice 01: an order's money moves when it has ended, or when the next one opens; never before, never twice.
    function checkMoney() external view {
        assert(_settled == (_state >= 10));
        assert(!_twice);
    }
}

/// @title OrderStatesRefuted
/// @notice A next order that opens over a restored one without settling it first.
contract OrderStatesRefuted {
    uint8 private _state;
    uint8 private _owed;

    function open() external {
        require(_state != 2);
        if (_state == 8) _owed = 1;
        _state = 2;
    }

    function prove() external {
        require(_state == 2);
        _state = 8;
    }

    function settle() external {
        require(_state == 8);
        _state = 10;
    }

    function checkMoney() external view {
        assert(_owed == 0);
    }
}

/// @title OrderLevels
/// @notice Escalation within one order, order after order.
contract OrderLevels {
    uint8 private constant LAST = 5;

    bool private _live;
    uint8 private _level;
    uint8 private _highest;

    function open(bool onDuty) external {
        require(!_live);
        _live = true;
        _level = onDuty ? 1 : 2;
        _highest = _level;
    }

    /// @dev The member on duty declines: another one, or the lead.
    function decline(bool onDuty) external {
        require(_live && _level == 1);
        if (!onDuty) _level = 2;
        if (_level > _highest) _highest = _level;
    }

    function escalate() external {
        require(_live && _level < LAST);
        _level += 1;
        if (_level > _highest) _highest = _level;
    }

    function end() external {
        _live = false;
    }

    /// @notice 07: the level of an order is the highest it ever had, and at most the last.
    function checkLevels() external view {
        assert(_level == _highest);
        assert(_level <= LAST);
    }
}

/// @title OrderLevelsRefuted
/// @notice Handing an order on sets its level by who is on duty, instead of raising it.
contract OrderLevelsRefuted {
    bool private _live;
    uint8 private _level;
    uint8 private _highest;

    function open(bool onDuty) external {
        require(!_live);
        _live = true;
        _level = onDuty ? 1 : 2;
        _highest = _level;
    }

    function escalate(bool onDuty) external {
        require(_live);
        _level = onDuty ? 1 : 2;
        if (_level > _highest) _highest = _level;
    }

    function checkLevels() external view {
        assert(_level == _highest);
    }
}
